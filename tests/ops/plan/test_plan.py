"""What a plan tells, of previews of every size and of hostile content."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ops.__main__ import app
from ops.plan import command
from ops.plan.backend_changes import BackendChanges, NewMigration, find_backend_changes
from ops.plan.digest import PlanDigest
from ops.plan.markdown import LIMIT, block, inline
from ops.plan.preview import Preview, Step, read_preview
from ops.plan.sql_risks import find_sql_risks
from ops.plan.weakening import find_weakened
from release.backend_source import read_backend
from release.error import ReleaseError
from release.migration_waivers import find_waivers_in
from settings.promotion import HotfixSettings
from settings.reading import read_files
from tests.conftest import ROOT

PROTECTION = "github:index/branchProtection:BranchProtection"
RULESET = "github:index/repositoryRuleset:RepositoryRuleset"
ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment"
SECRET = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"
COMMAND = "command:local:Command"
_runner = CliRunner()


def step(operation: str, kind: str, name: str, old: Any = None, new: Any = None, **more: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:staging::app::some:Component${kind}::{name}"
    states = {"oldState": {"inputs": old} if old is not None else None, "newState": {"inputs": new or {}}}
    return {"op": operation, "urn": urn, **states, **more}


def document(*steps: dict[str, Any], **more: Any) -> str:
    return json.dumps({"steps": list(steps), **more})


def digest(*steps: dict[str, Any], backend: BackendChanges | None = None, **more: Any) -> PlanDigest:
    preview = read_preview(document(*steps, **more))
    return PlanDigest(stack="staging", preview=preview, backend=backend or BackendChanges())


@pytest.mark.parametrize("count", [1, 100, 10_000])
def test_a_plan_of_any_size_fits_deletions_first_and_is_made_in_time(count: int) -> None:
    steps = [
        step("create", ENVIRONMENT, f"environment-{number}-{'x' * 30}", new={"environment": "y" * 50})
        for number in range(count)
    ]
    steps += [
        step("delete", PROTECTION, f"gone-{number}", old={"pattern": "main"}) for number in range(count // 10 + 1)
    ]
    text = document(*steps)
    begun = time.process_time()
    told = PlanDigest(stack="staging", preview=read_preview(text), backend=BackendChanges()).write()
    assert time.process_time() - begun < 2
    assert len(told) <= LIMIT
    assert told.index("deletes") < told.index("environment-0-") if "environment-0-" in told else "deletes" in told
    assert f"{count // 10 + 1} to delete, {count} to create" in told
    shown = told.count("`environment-") + told.count("**deletes**")
    assert (shown == count + count // 10 + 1) != ("did not fit into a comment" in told)


def test_a_plan_without_changes_says_so() -> None:
    assert "no changes" in digest(step("same", PROTECTION, "main"), step("refresh", PROTECTION, "main")).write()


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        (PROTECTION, {"enforceAdmins": True}, {"enforceAdmins": False}),
        (PROTECTION, {"enforceAdmins": True}, {}),
        (PROTECTION, {"allowsForcePushes": False}, {"allowsForcePushes": True}),
        (
            PROTECTION,
            {"requiredPullRequestReviews": [{"requiredApprovingReviewCount": 2}]},
            {"requiredPullRequestReviews": [{"requiredApprovingReviewCount": 1}]},
        ),
        (PROTECTION, {"requiredPullRequestReviews": [{"requiredApprovingReviewCount": 1}]}, {}),
        (
            PROTECTION,
            {"requiredStatusChecks": [{"contexts": ["a", "b"]}]},
            {"requiredStatusChecks": [{"contexts": ["a", "c"]}]},
        ),
        (PROTECTION, {"restrictPushes": [{"pushAllowances": []}]}, {"restrictPushes": [{"pushAllowances": ["x"]}]}),
        (RULESET, {"enforcement": "active"}, {"enforcement": "evaluate"}),
        (RULESET, {"bypassActors": []}, {"bypassActors": [{"actorId": 5}]}),
        (ENVIRONMENT, {"reviewers": [{"teams": [1, 2]}]}, {"reviewers": [{"teams": [1]}]}),
        (ENVIRONMENT, {"waitTimer": 10}, {"waitTimer": 0}),
        (ENVIRONMENT, {"canAdminsBypass": False}, {"canAdminsBypass": True}),
    ],
)
def test_what_lets_more_through_is_a_risk_and_its_reverse_is_none(kind: str, old: Any, new: Any) -> None:
    weaker, stricter = (
        Step(operation="update", kind=kind, name="x", old=before, new=after)
        for before, after in ((old, new), (new, old))
    )
    assert len(find_weakened(weaker)) == 1
    # An exchanged check takes one away in either direction.
    assert len(find_weakened(stricter)) == (1 if "requiredStatusChecks" in old else 0)


def test_risks_of_migrations_their_waivers_and_their_sql_are_told() -> None:
    sql = "-- squawk-ignore ban-drop-column -- nobody reads it\nalter table public.people drop column `x`;".replace(
        "`", '"'
    )
    migration = NewMigration(
        file_name="20270101000000_drop.sql",
        sql=sql,
        risks=tuple(find_sql_risks(sql)),
        waivers=tuple(find_waivers_in("20270101000000_drop.sql", sql)),
    )
    told = digest(backend=BackendChanges(migrations=(migration,))).write()
    assert "**drops a column**" in told
    assert "waives `ban-drop-column`, because `nobody reads it`" in told
    assert "keeps out everybody else from public.people" in told
    assert sql in told
    assert told.index("drops a column") < told.index("keeps out everybody")


def test_new_migrations_and_changed_functions_are_found_in_the_release_commands() -> None:
    steps = [
        step(
            "update",
            COMMAND,
            "migrations",
            {"environment": {"MIGRATIONS": "1_a.sql"}},
            {"environment": {"MIGRATIONS": "1_a.sql 2_b.sql"}},
        ),
        step("update", COMMAND, "function-chat", {}, {}),
        step("delete", COMMAND, "function-old", {}),
    ]
    preview = read_preview(document(*steps))
    found = find_backend_changes(preview, read_backend(ROOT / "backend"), None)
    assert [migration.file_name for migration in found.migrations] == ["2_b.sql"]
    assert {function.slug: function.operation for function in found.functions} == {"chat": "update", "old": "delete"}
    told = PlanDigest(stack="staging", preview=preview, backend=found)
    assert told.settings() == []
    assert "`chat` changed" in told.write()
    assert "**deletes** `Command` `function-old`" in told.write()


def test_secrets_are_told_by_name_alone() -> None:
    inputs = {"environment": "production", "secretName": "TOKEN", "value": "[secret]"}
    functions = "supabase:index:FunctionSecrets"
    told = digest(
        step("create", SECRET, "environment-production-TOKEN", new=inputs),
        step(
            "update",
            functions,
            "project",
            {"secrets": {"A": "[secret]", "B": "[secret]", "KEY": "[secret]", "OTHER_KEY": "[secret]"}},
            {"secrets": {"A": "[secret]", "C": "[secret]", "KEY": "[secret]", "OTHER_KEY": "[secret]"}},
            detailedDiff={"secrets.A": {"kind": "update"}, 'secrets["OTHER_KEY"]': {"kind": "update"}},
        ),
    )
    assert dict(told.secrets()) == {
        "production/TOKEN": "new",
        "function secret A": "changed",
        "function secret B": "removed",
        "function secret C": "new",
        "function secret OTHER_KEY": "changed",
    }
    assert "[secret]" not in told.write()


def test_a_failed_preview_is_told_as_one() -> None:
    told = digest(diagnostics=[{"severity": "error", "message": "<{%reset%}>error: a gate refused<{%reset%}>"}])
    assert "The preview of `staging` failed" in told.write()
    assert "a gate refused" in told.write()
    assert "no changes" not in told.write()


@pytest.mark.parametrize("text", ["[1]", '{"steps": 1}', '{"steps": [{}]}', "{"])
def test_what_is_no_preview_is_one_clear_error(text: str) -> None:
    try:
        assert read_preview(text).errors
    except ReleaseError as error:
        assert "Remedy" in str(error)  # noqa: PT017 - either form is an answer


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=400))
def test_no_text_breaks_out_of_its_code(text: str) -> None:
    line = inline(text)
    assert "\n" not in line
    fence = line[: len(line) - len(line.lstrip("`"))]
    assert fence not in line[len(fence) : -len(fence)]
    told = block(text)
    opening = told.partition("\n")[0]
    assert opening not in "\n".join(told.split("\n")[1:-1])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=50)
@given(st.lists(st.text(min_size=1, max_size=2000), min_size=1, max_size=60))
def test_hostile_names_fit_and_start_no_other_stack_s_comment(names: list[str]) -> None:
    steps = tuple(Step(operation="delete", kind=ENVIRONMENT, name=name) for name in names)
    told = PlanDigest(
        stack="staging", preview=Preview(steps=steps, warnings=tuple(names)), backend=BackendChanges()
    ).write()
    assert len(told) <= LIMIT
    assert told.startswith("## Plan of `staging`")


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(ROOT)
    return _runner.invoke(app, ["plan", "--stack", "staging", *arguments])


def test_a_plan_that_would_write_to_github_is_refused_where_there_is_no_right_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "preview.json"
    file.write_text(document(step("update", PROTECTION, "branch", {"enforceAdmins": False}, {"enforceAdmins": True})))
    refused = run("--preview", str(file), "--no-repository-changes", monkeypatch=monkeypatch)
    assert refused.exit_code == 2
    assert "govern.yml" in refused.stderr
    assert run("--preview", str(file), monkeypatch=monkeypatch).exit_code == 0
    file.write_text(document(step("update", COMMAND, "function-chat", {}, {})))
    assert run("--preview", str(file), "--no-repository-changes", monkeypatch=monkeypatch).exit_code == 0


def test_the_summary_is_added_and_json_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, summary = tmp_path / "preview.json", tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    file.write_text(document(step("delete", PROTECTION, "branch", {"pattern": "main"})))
    told = run("--preview", str(file), "--summary", "--json", monkeypatch=monkeypatch)
    assert json.loads(told.stdout)["counts"] == {"delete": 1}
    assert summary.read_text().startswith("before\n## Plan of `staging`: 1 to delete")


@pytest.mark.parametrize("its_own", [True, False])
def test_only_the_declared_release_itself_is_told_to_be_a_hotfix(
    its_own: bool,  # noqa: FBT001 - a parameter of the test
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = read_backend(ROOT / "backend").digest if its_own else "f" * 64
    declared = HotfixSettings(release=release, reason="it could not wait")
    monkeypatch.setattr(
        command, "read_files", lambda *given: read_files(*given).model_copy(update={"hotfix": declared})
    )
    file = tmp_path / "preview.json"
    file.write_text(document())
    told = run("--preview", str(file), monkeypatch=monkeypatch).stdout
    assert ("it could not wait" in told) is its_own


def test_a_failed_preview_is_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "preview.json"
    file.write_text("")
    assert run("--preview", str(file), monkeypatch=monkeypatch).exit_code == 1
    missing = run("--preview", str(tmp_path / "none.json"), monkeypatch=monkeypatch)
    assert isinstance(missing.exception, ReleaseError)
