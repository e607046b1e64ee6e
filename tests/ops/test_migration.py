import datetime as dt
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ops import ledgers, migration
from ops.migration import Rename, app, plan_renames
from release.error import ReleaseError
from release.live_state import AppliedMigration
from release.migration_check import check_files
from release.migration_source import read_migrations, split_name
from tests.conftest import ROOT, LocalCloudUnderTest

FIRST, SECOND = "20260101000000_first.sql", "20260102000000_second.sql"
NOW = dt.datetime(2026, 6, 1, 12, 0, 0, tzinfo=dt.UTC)
Ledgers = dict[str, tuple[AppliedMigration, ...]]


def run(*arguments: str) -> str:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False).stdout


def answer(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def refusal(*arguments: str) -> str:
    with pytest.raises(ReleaseError) as caught:
        run(*arguments)
    return str(caught.value)


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path("backend/supabase", folder).iterdir())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a project with two stacks and two migrations, the first with its undo."""
    for folder, file in (("migrations", FIRST), ("migrations", SECOND), ("rollbacks", FIRST)):
        path = tmp_path / "backend/supabase" / folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"-- {folder}\n", encoding="utf-8")
    for stack in ("production", "staging"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def applied(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say what the ledgers hold."""
    assert project.is_dir()

    def say(**stacks: list[tuple[str, str | None]]) -> None:
        found = {
            stack: tuple(AppliedMigration(version=version, name=name, digest=None) for version, name in rows)
            for stack, rows in stacks.items()
        }
        monkeypatch.setattr(migration, "read_ledgers", lambda _, skipped: found if skipped == () else {})

    say()
    return say


def test_a_new_migration_and_its_undo_are_written_with_the_newest_version(project: Path) -> None:
    (project / "backend/supabase/migrations/29990101000000_far.sql").write_text("select 1;", encoding="utf-8")
    assert answer("new", "add_notes") == {
        "migration": "backend/supabase/migrations/29990101000001_add_notes.sql",
        "undo": "backend/supabase/rollbacks/29990101000001_add_notes.sql",
    }
    assert "29990101000001_add_notes.sql" in names("migrations")
    assert "29990101000001_add_notes.sql" in names("rollbacks")
    assert "wrote backend/supabase/rollbacks/29990101000002_more.sql" in run("new", "more")


def test_a_template_that_was_not_filled_in_is_refused_and_waives_nothing(project: Path) -> None:
    run("new", "add_notes")
    backend = project / "backend"
    (refused,) = check_files(backend, [one for one in read_migrations(backend) if one.name == "add_notes"])
    assert "_add_notes.sql holds no statement" in refused


@pytest.mark.parametrize("name", ["Add", "add-notes", "add notes", "", "../x", "ä", "a.sql", "a" * 101, "a\n"])
def test_a_bad_name_writes_nothing(name: str, project: Path) -> None:
    assert "Remedy: choose small letters" in refusal("new", "--", name)
    assert (project / "backend").is_dir()
    assert names("migrations") == [FIRST, SECOND]
    assert names("rollbacks") == [FIRST]


def test_both_files_or_none_and_nothing_is_overwritten(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "_now", lambda: NOW)
    taken = project / "backend/supabase/rollbacks/20260601120000_add.sql"
    taken.write_text("mine", encoding="utf-8")
    assert "neither was" in refusal("new", "add")
    assert names("migrations") == [FIRST, SECOND]
    assert taken.read_text(encoding="utf-8") == "mine"


def test_a_migration_and_its_undo_move_together(project: Path, applied: Callable[..., None]) -> None:
    applied(production=[("20260102000000", "second")], staging=[])
    told = answer("renumber", f"backend/supabase/migrations/{FIRST}")
    ((renamed,)) = told["renamed"]
    assert (told["dry_run"], renamed["from"], renamed["undo"]) == (False, FIRST, True)
    assert renamed["to"] > SECOND
    assert renamed["to"].endswith("_first.sql")
    assert names("migrations") == [SECOND, renamed["to"]]
    assert names("rollbacks") == [renamed["to"]]
    assert (project / "backend/supabase/migrations" / renamed["to"]).read_text(encoding="utf-8") == "-- migrations\n"


def test_git_sees_a_rename_and_what_it_does_not_know_is_renamed_too(
    project: Path, applied: Callable[..., None]
) -> None:
    applied()

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
        return subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout

    git("init", "--quiet")
    git("add", f"backend/supabase/migrations/{FIRST}")
    git("commit", "--quiet", "--message", "first")
    answer("renumber", FIRST)
    assert [line[:2] for line in git("status", "--porcelain", "--untracked-files=no").splitlines()] == ["R "]
    assert names("rollbacks")[0].endswith("_first.sql")
    assert names("rollbacks") != [FIRST]


def test_what_is_applied_is_refused_by_the_stack_s_name(applied: Callable[..., None]) -> None:
    applied(production=[], staging=[("20260101000000", "first"), ("20260102000000", None)])
    text = refusal("renumber", FIRST, SECOND)
    assert f"{FIRST} is applied in stack staging; {SECOND} is applied in stack staging" in text
    assert names("migrations") == [FIRST, SECOND]


def test_an_applied_file_under_another_name_is_refused_but_its_twin_is_not(
    project: Path, applied: Callable[..., None]
) -> None:
    applied(staging=[("20260101000000", "was_called_otherwise")])
    assert "is applied in stack staging" in refusal("renumber", FIRST)
    twin = "20260101000000_twin.sql"
    (project / "backend/supabase/migrations" / twin).write_text("select 1;", encoding="utf-8")
    applied(staging=[("20260101000000", "first")])
    assert "is applied in stack staging" in refusal("renumber", FIRST)
    ((renamed,)) = answer("renumber", twin)["renamed"]
    assert renamed["undo"] is False
    assert names("migrations") == [FIRST, SECOND, renamed["to"]]


def test_all_pending_keep_their_order_and_a_dry_run_renames_nothing(applied: Callable[..., None]) -> None:
    applied(production=[("20991231235959", "gone")])
    assert "would rename" in run("renumber", "--all-pending", "--dry-run")
    assert names("migrations") == [FIRST, SECOND]
    told = answer("renumber", "--all-pending")
    assert [entry["to"] for entry in told["renamed"]] == ["21000101000000_first.sql", "21000101000001_second.sql"]
    assert names("migrations") == ["21000101000000_first.sql", "21000101000001_second.sql"]


def test_when_the_second_of_two_can_not_be_renamed_the_first_gets_its_name_back(
    applied: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    applied()
    real = migration._move  # noqa: SLF001 - the step that has to fail

    def fail_for_undos(source: Path, target: Path) -> None:
        if source.parent.name == "rollbacks":
            raise OSError("disk full")
        real(source, target)

    monkeypatch.setattr(migration, "_move", fail_for_undos)
    assert "disk full" in refusal("renumber", FIRST)
    assert names("migrations") == [FIRST, SECOND]
    assert names("rollbacks") == [FIRST]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Which migrations?"),
        ([FIRST, "--all-pending"], "Which migrations?"),
        (["nothing.sql"], "No such migration in backend/supabase/migrations: nothing.sql"),
        ([FIRST, "--backend", "elsewhere"], "elsewhere has no folder supabase"),
    ],
)
def test_what_can_not_be_meant_is_refused(arguments: list[str], reason: str, applied: Callable[..., None]) -> None:
    applied()
    assert reason in refusal("renumber", *arguments)


def test_a_stack_that_can_not_be_read_stops_it_unless_it_is_left_out(project: Path) -> None:
    (project / "Pulumi.yaml").write_text("name: x\n", encoding="utf-8")
    text = refusal("renumber", FIRST)
    assert "The ledger of stack production can't be read" in text
    assert "--not-applied-in staging" in text
    assert "There is no stack moon" in refusal("renumber", FIRST, "--not-applied-in", "moon")
    assert names("migrations") == [FIRST, SECOND]
    answer("renumber", FIRST, "--not-applied-in", "staging", "--not-applied-in", "production")
    assert FIRST not in names("migrations")


@settings(deadline=None, derandomize=True)
@given(
    present=st.lists(st.from_regex(r"[0-9]{14}_[a-z]{1,3}\.sql", fullmatch=True), unique=True, max_size=5),
    data=st.data(),
)
def test_new_versions_are_the_latest_and_keep_the_order(present: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from(present), unique=True)) if present else []
    applied_versions = data.draw(st.lists(st.from_regex(r"2[0-9]{13}", fullmatch=True), max_size=3))
    try:
        renames = plan_renames(present, wanted, applied_versions, NOW)
    except ReleaseError as error:
        assert "no version of 14 digits" in str(error)  # noqa: PT017 - most examples raise nothing
        return
    assert [entry.before for entry in renames] == sorted(wanted)
    after = [entry.after for entry in renames]
    assert after == sorted(set(after))
    kept = [name for name in present if name not in wanted]
    assert all(split_name(name) for name in after)
    assert all(new > other for new in after for other in [*kept, *applied_versions])


def test_a_version_of_now_is_taken_where_it_is_the_latest() -> None:
    assert plan_renames([FIRST, SECOND], [FIRST], [], NOW) == [Rename(before=FIRST, after="20260601120000_first.sql")]


def test_the_ledgers_of_a_cloud_are_read(
    local_cloud: LocalCloudUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("Pulumi.yaml", "Pulumi.production.yaml", "Pulumi.staging.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    shutil.copytree(ROOT / "backend", tmp_path / "backend")
    monkeypatch.chdir(tmp_path)
    for name, value in local_cloud.environment.items():
        monkeypatch.setenv(name, value)
    files = names("migrations")
    found = ledgers.read_ledgers(tmp_path, ())
    assert [f"{row.version}_{row.name}.sql" for row in found["production"]] == files[:-1]
    assert found["staging"] == ()
    assert f"{files[-2]} is applied in stack production" in refusal("renumber", *files[-2:])
    ((renamed,)) = answer("renumber", "--all-pending")["renamed"]
    assert renamed["from"] == files[-1]
    assert names("migrations") == [*files[:-1], renamed["to"]] == names("rollbacks")
    monkeypatch.setenv("SUPABASE_ACCESS_TOKEN_PRODUCTION", f"sbp_{'0' * 40}")
    text = refusal("renumber", files[-2])
    assert "The ledger of stack production can't be read" in text
    assert "401" in text
