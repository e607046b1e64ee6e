"""Migrations with any name and any content, seen through the gate, the plan, and the release pull request."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.plan.sql_risks import find_sql_risks
from release import verdicts
from release.backend_source import BackendSource, read_backend
from release.live_state import AppliedMigration
from release.migration_gate import MigrationGate
from release.migration_source import read_migrations
from release.migration_waivers import find_waivers
from tests.conftest import ROOT
from tests.hostile.clear_error import RELAXED, told

NAME = "20990101000000_hostile.sql"
VERSION = NAME.partition("_")[0]
PIECES = st.sampled_from(
    [
        "create table public.a (id bigint primary key)", "alter table public.a drop column b", "drop type public.t",
        "create index concurrently if not exists i on public.a (b)", "truncate public.a, public.b",
        "alter type public.t add attribute b int", "alter view public.v rename to w", "drop function f(int)",
        "create trigger t after insert on public.a execute function f()", "delete from a", "update a set b = 1",
        "do $$ begin perform 1; end $$", "select 'ä'", ";", "\r\n", "\n", "$$", "$x$", "'", '"', "--", "/*", "*/",
        "begin", "commit", "-- squawk-ignore ban-drop-table", " -- why", "\ufeff", "\0", "(", ")", "é", "\x1b[2J",
    ]
)  # fmt: skip
SQL = st.lists(PIECES | st.text(max_size=6), max_size=10).map(" ".join)
CONTENT = st.binary(max_size=60) | SQL.map(lambda text: text.encode(errors="ignore"))


@pytest.fixture(scope="module")
def source() -> BackendSource:
    return read_backend(ROOT / "backend")


@pytest.fixture(autouse=True)
def no_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "cache_folder", lambda: tmp_path / "verdicts")


def write(folder: Path, content: bytes, undo: bytes | None) -> None:
    for place, text in (("migrations", content), ("rollbacks", undo)):
        path = folder / "supabase" / place / NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_bytes(text)


def backend(folder: Path, source: BackendSource) -> BackendSource:
    return replace(source, directory=folder, migrations=read_migrations(folder))


@RELAXED
@given(content=CONTENT, undo=CONTENT | st.none())
def test_a_pending_migration_of_any_content_is_taken_or_refused(
    content: bytes, undo: bytes | None, source: BackendSource, tmp_path: Path
) -> None:
    write(tmp_path, content, undo)
    read = backend(tmp_path, source)
    text = told(lambda: MigrationGate(backend=read, ledger=()).check({}))
    assert text is None or NAME in text
    assert all(waiver.line >= 1 for waiver in find_waivers(read, read.migrations))


@RELAXED
@given(content=CONTENT, applied=SQL | st.text(max_size=40))
def test_an_applied_one_that_was_edited_into_anything_is_taken_or_refused(
    content: bytes, applied: str, source: BackendSource, tmp_path: Path
) -> None:
    write(tmp_path, content, None)
    ledger = (AppliedMigration(version=VERSION, name="hostile", digest="0" * 32),)
    gate = MigrationGate(backend=backend(tmp_path, source), ledger=ledger)
    assert gate.suspects() == (VERSION,)
    text = told(lambda: gate.check({VERSION: applied}))
    assert text is None or NAME in text


@RELAXED
@given(sql=SQL)
def test_any_text_can_be_searched_for_risks(sql: str) -> None:
    assert all(len(risk.statement) <= 161 for risk in find_sql_risks(sql))


@pytest.mark.parametrize("expression", ["+".join(["1"] * 9000), f"{'(' * 20000}1{')' * 20000}"])
def test_risks_are_searched_for_in_an_expression_nested_deeper_than_any_stack(expression: str) -> None:
    assert find_sql_risks(f"select {expression};") == []


def test_a_risk_is_told_with_its_own_statement_whatever_stands_before_it() -> None:
    (risk,) = find_sql_risks("-- ääääää €€€€\nselect 'ö';\ndrop table public.a;\n")
    assert risk.statement == "drop table public.a"


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (link(NAME), "can't be read"),
        (link("nowhere"), "can't be read"),
        (link("/etc/hostname"), "outside of the backend"),
        (link("../../../outside.sql"), "outside of the backend"),
        (os.mkfifo, "can't be read"),
        (Path.mkdir, "can't be read"),
    ],
)
def test_what_is_no_file_of_the_backend_is_refused(make: Callable[[Path], None], reason: str, tmp_path: Path) -> None:
    (tmp_path / "outside.sql").write_text("select 1;\n", encoding="utf-8")
    path = tmp_path / "backend/supabase/migrations" / NAME
    path.parent.mkdir(parents=True)
    make(path)
    text = told(lambda: read_migrations(tmp_path / "backend"))
    assert text
    assert NAME in text
    assert reason in text


def test_a_link_to_another_file_of_the_backend_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "supabase/migrations").mkdir(parents=True)
    (tmp_path / "supabase/shared.sql").write_text("select 1;\n", encoding="utf-8")
    (tmp_path / "supabase/migrations" / NAME).symlink_to("../shared.sql")
    assert [migration.file_name for migration in read_migrations(tmp_path)] == [NAME]


def test_versions_that_are_taken_twice_and_names_of_others_are_told_together(tmp_path: Path) -> None:
    folder = tmp_path / "supabase/migrations"
    folder.mkdir(parents=True)
    for name in (NAME, f"{VERSION}_again.sql", "1_short.sql", "99_ä\n.sql", "20990101000000_Big.sql", ".sql"):
        (folder / name).write_text("select 1;\n", encoding="utf-8")
    text = told(lambda: read_migrations(tmp_path))
    assert text
    assert text.count("not named <14 digits>_<name>.sql") == 4
    assert text.count("the version is also that of") == 1
