from pathlib import Path

import pytest

from release.backend_source import read_backend
from release.error import ReleaseError
from release.live_state import AppliedMigration
from release.migration_gate import MigrationGate, _digest

FIRST, SECOND = "20260101000000", "20260102000000"


def applied(version: str, name: str | None, text: str | None) -> AppliedMigration:
    return AppliedMigration(version=version, name=name, digest=None if text is None else _digest(text))


def gate(backend: Path, *ledger: AppliedMigration) -> MigrationGate:
    return MigrationGate(backend=read_backend(backend), ledger=ledger)


def refusal(backend: Path, *ledger: AppliedMigration, statements: dict[str, str] | None = None) -> str:
    with pytest.raises(ReleaseError) as caught:
        gate(backend, *ledger).check(statements or {})
    return str(caught.value)


@pytest.fixture
def with_undo(backend: Path) -> Path:
    (backend / "supabase/rollbacks").mkdir()
    for name in (f"{FIRST}_first.sql", f"{SECOND}_second.sql"):
        (backend / "supabase/rollbacks" / name).write_text("select 1;", encoding="utf-8")
    rules = 'assume_in_transaction = true\nexcluded_rules = ["require-lock-timeout", "require-statement-timeout"]\n'
    (backend / ".squawk.toml").write_text(rules, encoding="utf-8")
    return backend


def test_sound_migrations_pass(with_undo: Path) -> None:
    gate(with_undo).check({})
    first = applied(FIRST, "first", "create table a (id bigint)")
    assert gate(with_undo, first).suspects() == ()
    gate(with_undo, first).check({})


def test_blanks_and_semicolons_make_no_suspect_and_comments_no_edit(with_undo: Path) -> None:
    path = with_undo / f"supabase/migrations/{FIRST}_first.sql"
    path.write_text("create table a\n  (id bigint);\n\n", encoding="utf-8")
    first = applied(FIRST, "first", "create table a (id bigint)")
    assert gate(with_undo, first).suspects() == ()
    path.write_text("-- why\ncreate table a (id bigint);", encoding="utf-8")
    assert gate(with_undo, first).suspects() == (FIRST,)
    gate(with_undo, first).check({FIRST: "create table a (id bigint)"})


def test_an_edited_file_is_refused_with_the_difference(with_undo: Path) -> None:
    path = with_undo / f"supabase/migrations/{FIRST}_first.sql"
    path.write_text("create table a (id integer);", encoding="utf-8")
    first = applied(FIRST, "first", "create table a (id bigint)")
    assert gate(with_undo, first).suspects() == (FIRST,)
    text = refusal(with_undo, first, statements={FIRST: "create table a (id bigint)"})
    assert f"{FIRST}_first.sql is applied, and was edited since" in text
    assert "( id bigint )" in text
    assert "( id integer )" in text


def test_a_difference_in_blanks_alone_is_not_seen(with_undo: Path) -> None:
    path = with_undo / f"supabase/migrations/{FIRST}_first.sql"
    path.write_text("select 'ab';", encoding="utf-8")
    assert gate(with_undo, applied(FIRST, "first", "select 'a b'")).suspects() == ()


def test_a_deleted_and_a_renamed_file_are_refused(with_undo: Path) -> None:
    gone = applied("20251231000000", "gone", None)
    renamed = applied(FIRST, "other", None)
    text = refusal(with_undo, gone, renamed)
    assert "20251231000000_gone.sql is applied, and gone" in text
    assert f"{FIRST}_first.sql is applied under the name other" in text


def test_a_version_before_the_newest_applied_is_refused(with_undo: Path) -> None:
    assert f"{FIRST}_first.sql is older than {SECOND}" in refusal(with_undo, applied(SECOND, "second", None))


def test_a_row_written_by_hand_is_no_reason_to_refuse(with_undo: Path) -> None:
    gate(with_undo, applied(FIRST, None, None)).check({})


def test_a_pending_file_without_undo_is_refused(backend: Path) -> None:
    assert f"{FIRST}_first.sql has no undo" in refusal(backend)


def test_a_statement_that_locks_is_refused_unless_waived(with_undo: Path) -> None:
    path = with_undo / f"supabase/migrations/{SECOND}_second.sql"
    path.write_text("create index i on a (id);", encoding="utf-8")
    first = applied(FIRST, "first", None)
    text = refusal(with_undo, first)
    assert f"{SECOND}_second.sql:1: " in text
    assert "(require-concurrent-index-creation)" in text
    waived = "-- squawk-ignore require-concurrent-index-creation\ncreate index i on a (id);"
    path.write_text(waived, encoding="utf-8")
    gate(with_undo, first).check({})
