import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from release import migration_push
from release.backend_source import read_backend
from release.database import connect
from release.error import ReleaseError
from release.migration_push import push_migrations, read_versions
from release.push_timeouts import PushTimeouts
from release.session import Session, open_session
from release.supabase_cli import CliAnswer, run_cli
from tests.conftest import LocalCloudUnderTest

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


@pytest.fixture(scope="module")
def identity(local_cloud: LocalCloudUnderTest) -> dict[str, str]:
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    return {
        "RELEASE_STACK": "s",
        "RELEASE_REF": local_cloud.create_project("push", organization),
        "RELEASE_NAME": "push",
        "RELEASE_ORGANIZATION": organization,
        **local_cloud.environment,
    }


@pytest.fixture
def project(identity: dict[str, str], backend: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    for name, value in identity.items():
        monkeypatch.setenv(name, value)
    with open_session(adopt=True) as session:
        session.connection.execute("drop schema if exists supabase_migrations cascade")
        session.connection.execute("drop table if exists a, b, hotfix, third, slow")
        yield Project(session, backend)


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


def read_until(ended: threading.Event, project: Project, counts: list[int], errors: list[BaseException]) -> None:
    try:
        with project.another_session() as reader:
            reader.execute(f"set statement_timeout to '{READ_LIMIT}'".encode())
            reads = 0
            while not ended.is_set():
                reader.execute("select count(*) from a")
                reads += 1
            counts.append(reads)
    except psycopg.Error as error:
        errors.append(error)


@contextmanager
def readers(project: Project, count: int) -> Iterator[Callable[[], tuple[list[int], list[BaseException]]]]:
    ended, counts, errors = threading.Event(), list[int](), list[BaseException]()
    threads = [threading.Thread(target=read_until, args=(ended, project, counts, errors)) for _ in range(count)]
    for thread in threads:
        thread.start()

    def result() -> tuple[list[int], list[BaseException]]:
        ended.set()
        for thread in threads:
            thread.join()
        return counts, errors

    try:
        yield result
    finally:
        result()


def test_a_migration_behind_a_long_query_gives_up_names_who_holds_it_and_lets_readers_read(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(migration_push, "_LOCK_PAUSES", (0.1,))
    project.push()
    project.write("20260103000000_column.sql", "alter table public.a add column name text;\n")
    with project.another_session() as holder, readers(project, 3) as read:
        holder.execute("set application_name to 'monthly report'")
        holder.execute("begin; select 'Ada''s secret' from a")
        text = project.refusal()
        counts, errors = read()
        row = holder.execute("select pg_backend_pid() as pid").fetchone()
        assert row is not None
        holder.execute("commit")
    assert errors == []
    # Each has read before the push, between its tries, and after it.
    assert len(counts) == 3
    assert all(count > 2 for count in counts), counts
    assert "in 2 tries a lock was not free within 1 s; held by “monthly report” as postgres (process" in text
    assert f"(process {row['pid']}, idle in transaction since " in text
    assert ", last statement SELECT)" in text or ", last statement BEGIN)" in text
    assert "secret" not in text + capsys.readouterr().out
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
