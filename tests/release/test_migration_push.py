import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psutil
import psycopg
import pytest

from release import migration_push
from release.backend_source import read_backend
from release.database import connect
from release.error import ReleaseError
from release.migration_push import push_migrations, read_versions
from release.push_timeouts import PushTimeouts
from release.session import Session
from release.supabase_cli import CliAnswer, run_cli

FIRST, SECOND = "20260101000000", "20260102000000"
TIMEOUTS = PushTimeouts(lock_seconds=1, statement_seconds=60)
# Longer than a reader may queue behind a statement that waits for its lock: its timeout, and much for a busy machine.
READ_LIMIT = "30s"


@dataclass(frozen=True)
class Project:
    session: Session
    backend: Path

    def write(self, name: str, text: str) -> None:
        (self.backend / "supabase/migrations" / name).write_text(text, encoding="utf-8")

    def push(self, timeouts: PushTimeouts = TIMEOUTS) -> list[str]:
        return push_migrations(self.session, read_backend(self.backend), token="t", timeouts=timeouts)

    def refusal(self, timeouts: PushTimeouts = TIMEOUTS) -> str:
        with pytest.raises(ReleaseError) as caught:
            self.push(timeouts)
        return str(caught.value)

    def versions(self) -> list[str]:
        return read_versions(self.session.connection)

    @contextmanager
    def another_session(self) -> Iterator[psycopg.Connection[dict[str, object]]]:
        with connect(self.session.address, self.session.password) as connection:
            yield connection


@pytest.fixture
def project(session: Session, backend: Path) -> Project:
    session.connection.execute("drop schema if exists supabase_migrations cascade")
    session.connection.execute("drop table if exists a, b, hotfix, third, slow")
    return Project(session, backend)


def test_what_comes_late_is_applied_and_only_then_asked_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    real = run_cli

    def spy(arguments: list[str], *, folder: Path, environment: dict[str, str]) -> CliAnswer:
        commands.append(arguments)
        return real(arguments, folder=folder, environment=environment)

    monkeypatch.setattr(migration_push, "run_cli", spy)
    assert project.push() == [f"{FIRST}_first.sql", f"{SECOND}_second.sql"]
    project.write("20260101120000_hotfix.sql", "create table hotfix (id bigint);\n")
    project.write("20260103000000_third.sql", "create table third (id bigint);\n")
    assert project.push() == ["20260101120000_hotfix.sql", "20260103000000_third.sql"]
    assert project.versions() == [FIRST, "20260101120000", SECOND, "20260103000000"]
    assert ["--include-all" in command for command in commands] == [False, True]


def test_a_statement_that_runs_too_long_is_ended_with_one_clear_error(project: Project) -> None:
    project.write("20260103000000_slow.sql", "create table slow (id bigint);\nselect pg_sleep(600);\n")
    text = project.refusal(PushTimeouts(lock_seconds=1, statement_seconds=2))
    assert "Migration 20260103000000_slow.sql failed: a statement ran longer than 2 s and was ended." in text
    assert "select pg_sleep(600)" in text
    assert "raise backend.statementTimeoutSeconds" in text
    assert project.versions() == [FIRST, SECOND]
    assert project.session.connection.execute("select to_regclass('slow') as slow").fetchone() == {"slow": None}


def test_an_index_that_was_not_finished_is_named(project: Project) -> None:
    project.push()
    project.session.connection.execute("insert into a values (1), (1)")
    project.write(
        "20260103000000_twice.sql", "create unique index concurrently if not exists a_twice on public.a (id);\n"
    )
    text = project.refusal()
    assert "These indexes were not finished and serve no query: a_twice." in text
    assert "Remedy: drop index concurrently a_twice, then correct the file" in text


def kill_the_cli() -> None:
    for process in psutil.Process().children(recursive=True):
        if Path(process.cmdline()[0]).name.startswith("supabase"):
            process.kill()


@contextmanager
def interruption(project: Project, query: str, *, after: Callable[[], None] = lambda: None) -> Iterator[None]:
    """End the session that runs such a query, once it waits, and once something else is done."""

    def strike() -> None:
        with project.another_session() as session:
            waiting = (
                "select pid from pg_stat_activity where query ~* %s and wait_event is not null and state = 'active'"
            )
            while not (rows := session.execute(waiting.encode(), [f"^{query}"]).fetchall()):
                time.sleep(0.05)
            after()
            session.execute("select pg_terminate_backend(%s)", [rows[0]["pid"]])

    with ThreadPoolExecutor(1) as pool:
        struck = pool.submit(strike)
        yield
        struck.result()


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (lambda: None, "terminating connection due to administrator command"),
        (kill_the_cli, "the Supabase CLI was ended by SIGKILL"),
    ],
)
def test_a_push_that_is_interrupted_blames_no_file_and_says_what_is_applied(
    project: Project, after: Callable[[], None], reason: str
) -> None:
    project.push()
    project.write("20260103000000_third.sql", "create table third (id bigint);\n")
    project.write("20260104000000_slow.sql", "select pg_sleep(20);\n")
    with interruption(project, "select pg_sleep", after=after):
        text = project.refusal()
    assert "The push was interrupted: " in text
    assert reason in text
    assert "By the ledger these are applied, each as a whole: 20260103000000_third.sql. No" in text
    assert "correct the file" not in text
    assert project.versions() == [FIRST, SECOND, "20260103000000"]


def test_an_index_whose_build_was_interrupted_is_named(project: Project) -> None:
    project.push()
    project.write("20260103000000_index.sql", "create index concurrently if not exists a_id on public.a (id);\n")
    with project.another_session() as holder:
        holder.execute("begin; insert into a values (1)")
        with interruption(project, "create index concurrently"):
            text = project.refusal(PushTimeouts(lock_seconds=60, statement_seconds=60))
        holder.execute("rollback")
    assert "The push was interrupted: " in text
    assert "These indexes were not finished and serve no query: a_id." in text
    assert "Remedy: drop index concurrently a_id, then `pulumi up` again; it applies what is missing." in text


class Reader(threading.Thread):
    """Reads table a over and over in a session of its own, as users do."""

    def __init__(self, project: Project) -> None:
        super().__init__()
        self.project = project
        self.reads = 0
        self.error: psycopg.Error | None = None
        self.ended = threading.Event()
        self.has_read = threading.Event()

    def run(self) -> None:
        try:
            with self.project.another_session() as session:
                session.execute(f"set statement_timeout to '{READ_LIMIT}'".encode())
                while not self.ended.is_set():
                    session.execute("select count(*) from a")
                    self.reads += 1
                    self.has_read.set()
        except psycopg.Error as error:
            self.error = error

    def wait_for_a_read(self) -> None:
        """Return once a read that begins now, or two that do, have ended."""
        for _ in range(2):
            self.has_read.clear()
            assert self.has_read.wait(60), self.error


@pytest.fixture
def readers(project: Project) -> Iterator[list[Reader]]:
    project.push()
    threads = [Reader(project) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.ended.set()
            thread.join()


def test_a_migration_behind_a_long_query_gives_up_names_who_holds_it_and_lets_readers_read(
    project: Project, readers: list[Reader], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pauses: list[float] = []

    def read_in_the_pause(seconds: float) -> None:
        pauses.append(seconds)
        for reader in readers:
            reader.wait_for_a_read()

    clock = SimpleNamespace(monotonic=time.monotonic, sleep=read_in_the_pause)
    monkeypatch.setattr(migration_push, "time", clock)
    monkeypatch.setattr(migration_push, "_LOCK_PAUSES", (1,))
    project.write("20260103000000_column.sql", "alter table public.a add column name text;\n")
    with project.another_session() as holder:
        holder.execute("set application_name to 'monthly report'")
        holder.execute("begin")
        holder.execute("select 'Ada''s secret' from a")
        row = holder.execute("select pg_backend_pid() as pid from a union select pg_backend_pid()").fetchone()
        assert row is not None
        before = [reader.reads for reader in readers]
        text = project.refusal()
        for reader in readers:
            reader.wait_for_a_read()
        holder.execute("commit")
    assert pauses == [1]
    assert [reader.error for reader in readers] == [None, None, None]
    assert all(reader.reads >= earlier + 3 for reader, earlier in zip(readers, before, strict=True))
    held = f"“monthly report” as postgres (process {row['pid']}, idle in transaction since "
    assert f"in 2 tries a lock was not free within 1 s; held by {held}" in text
    assert ", last statement SELECT)" in text
    told = capsys.readouterr().out
    assert f"a lock was not free within 1 s, held by {held}" in told
    assert "secret" not in text + told
    assert project.versions() == [FIRST, SECOND]
    assert project.push() == ["20260103000000_column.sql"]


def test_a_session_that_does_not_take_the_timeouts_stops_the_push(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PushTimeouts, "options", "-c lock_timeout=1s")
    text = project.refusal()
    assert "do not take a statement_timeout of 60 s (they have 0 ms, 0 being none)" in text
    assert "alter role postgres set statement_timeout = '60s'" in text
    assert project.versions() == []
