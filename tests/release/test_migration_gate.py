from pathlib import Path

import pytest

from release import migration_check
from release.backend_source import read_backend
from release.error import ReleaseError
from release.live_state import AppliedMigration
from release.migration_gate import MigrationGate, _digest
from release.migration_source import Migration

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
    text = refusal(with_undo, applied(SECOND, "second", None))
    assert f"{FIRST}_first.sql is older than {SECOND}" in text
    assert f"Remedy: python -m ops migration renumber {FIRST}_first.sql" in text


def test_a_late_version_that_another_stack_has_is_named_and_not_refused(with_undo: Path) -> None:
    second = applied(SECOND, "second", None)
    assert gate(with_undo, second).late() == ()
    on_its_way_back = MigrationGate(
        backend=read_backend(with_undo), ledger=[second], elsewhere=frozenset({FIRST, SECOND})
    )
    assert on_its_way_back.late() == (f"{FIRST}_first.sql",)
    on_its_way_back.check({})


def test_an_accent_before_an_edit_does_not_hide_it(with_undo: Path) -> None:
    path = with_undo / f"supabase/migrations/{FIRST}_first.sql"
    path.write_text("-- ä ö ü é\ncreate table a (id bigint);", encoding="utf-8")
    gate(with_undo, applied(FIRST, "first", "")).check({FIRST: "create table a (id bigint)"})
    path.write_text("-- ä ö ü é\ncreate table a (id bigint, b int);", encoding="utf-8")
    text = refusal(with_undo, applied(FIRST, "first", ""), statements={FIRST: "create table a (id bigint)"})
    assert "the database has “id bigint )”, the file “id bigint , b int )”" in text


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
    waiver = "-- squawk-ignore require-concurrent-index-creation"
    path.write_text(f"{waiver}\ncreate index i on a (id);", encoding="utf-8")
    reasonless = f"{SECOND}_second.sql:1: require-concurrent-index-creation is waived without a reason"
    assert reasonless in refusal(with_undo, first)
    path.write_text(f"{waiver} -- the table is empty\ncreate index i on a (id);", encoding="utf-8")
    gate(with_undo, first).check({})


def test_an_undo_that_can_not_run_in_a_transaction_is_refused_unless_alone(with_undo: Path) -> None:
    path = with_undo / f"supabase/rollbacks/{SECOND}_second.sql"
    path.write_text("drop table b;\ncommit;", encoding="utf-8")
    assert f"rollbacks/{SECOND}_second.sql:2: transaction control" in refusal(with_undo)
    path.write_text("drop index concurrently if exists i;", encoding="utf-8")
    gate(with_undo).check({})


def test_a_migration_without_a_statement_is_refused(with_undo: Path) -> None:
    path = with_undo / f"supabase/migrations/{SECOND}_second.sql"
    path.write_text("-- what belongs here\n;\n", encoding="utf-8")
    assert f"{SECOND}_second.sql holds no statement" in refusal(with_undo)


def test_what_passed_is_linted_again_once_file_undo_or_rules_changed(
    with_undo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linted: list[list[str]] = []
    real = migration_check.lint

    def spy(backend: Path, migrations: list[Migration], squawk: Path, options: list[str]) -> dict[str, list[str]]:
        linted.append([migration.name for migration in migrations])
        return real(backend, migrations, squawk, options)

    monkeypatch.setattr(migration_check, "lint", spy)
    migrations = with_undo / "supabase/migrations"
    for change in (
        None,
        None,
        migrations / f"{SECOND}_second.sql",
        with_undo / f"supabase/rollbacks/{FIRST}_first.sql",
        with_undo / ".squawk.toml",
    ):
        if change:
            with change.open("a", encoding="utf-8") as file:
                file.write("assume_in_transaction = true\n" if change.suffix == ".toml" else "-- edited\n")
        gate(with_undo).check({})
    assert linted == [["first", "second"], [], ["second"], ["first"], ["first", "second"]]


def test_the_linter_asks_for_no_timeout_that_the_release_sets_itself(with_undo: Path) -> None:
    path = with_undo / f"supabase/migrations/{SECOND}_second.sql"
    path.write_text("alter table public.a add column n bigint;", encoding="utf-8")
    gate(with_undo).check({})
