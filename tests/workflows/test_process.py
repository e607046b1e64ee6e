"""The whole process on the local clouds: what people do on GitHub, and what the workflows make of it."""

import dataclasses
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.engine.checkout import Checkout
from tests.workflows.project import CHECKS, Project

pytestmark = pytest.mark.timeout(900)
HEALTH = "backend/supabase/functions/health/index.ts"


def migration(number: int, name: str) -> dict[str, str | None]:
    file = f"2027010{number}000000_{name}.sql"
    create = f"create table public.{name} (id bigint primary key);\n"
    secure = f"alter table public.{name} enable row level security;\n"
    return {
        f"backend/supabase/migrations/{file}": create + secure,
        f"backend/supabase/rollbacks/{file}": f"drop table public.{name};\n",
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    checkout = Checkout.make(tmp_path_factory.mktemp("checkout"))
    found = Project(checkout, tmp_path_factory.mktemp("runs"))
    try:
        found.begin()
        yield found
    finally:
        checkout.localcloud("stop")


def test_a_feature_goes_from_its_pull_request_to_staging(project: Project) -> None:
    file = project.checkout.directory / HEALTH
    stack_file = project.checkout.directory / "Pulumi.production.yaml"
    reviewed = stack_file.read_text(encoding="utf-8")
    changes = {
        HEALTH: f"{file.read_text(encoding='utf-8')}// a feature\n",
        # From here on production takes what was reviewed, and nothing else.
        "Pulumi.production.yaml": reviewed[: reviewed.index("  mano:waivers:")],
        **migration(1, "mottos"),
    }
    project.branch("feature/mottos", "staging", changes)
    pull = project.open("feature/mottos", "staging", "Feature: Mottos")
    number = pull["number"]

    # Built here, where it may take its time; the job finds it.
    subprocess.run(
        ["python3", "-m", "toolchain", "program", "gitleaks"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    for job in ("backend-tests", "ios-build", "secrets"):
        done = project.on_pull_request("pr-checks.yml", number, job=job)
        assert (done.code, done.jobs.get(job)) == (0, "success"), done.text
    preview = project.on_pull_request("pr-checks.yml", number, job="preview", environments=["staging-read"])
    assert preview.code == 0, preview.text
    assert preview.jobs["preview"] == "success"
    told = project.comment(number, "staging")
    assert "20270101000000_mottos.sql" in told
    assert "`health` changed: `+1 -0 supabase/functions/health/index.ts`" in told

    project.merge(number, checks=[name for name in CHECKS if name != "release-source"], method="squash")
    done = project.on_push("deploy-staging.yml", "staging", environments=["staging", "pull-requests"])
    assert done.code == 0, done.text
    (newest, *_) = project.history("staging")
    assert (newest["kind"], "20270101000000" in newest["migrations"]) == ("release", True)


def test_static_checks_are_a_job_of_their_own(project: Project, tmp_path: Path) -> None:
    """What they find is the business of `make lint` itself, which the suite runs first."""
    shim = tmp_path / "make"
    shim.write_text('#!/bin/sh\necho "asked for $*"\n', encoding="utf-8")
    shim.chmod(0o755)
    act = project.act
    project.act = dataclasses.replace(act, path=f"{tmp_path}{os.pathsep}{act.path}")
    try:
        payload = {"number": 1, "pull_request": {"number": 1, "head": {"ref": "x"}, "base": {"ref": "staging"}}}
        done = project.run("pr-checks.yml", "pull_request", payload, ref="origin/staging", job="lint")
    finally:
        project.act = act
    assert done.jobs == {"lint": "success"}
    assert "asked for lint" in done.text


def release(project: Project) -> None:
    """Take what staging has validated to production, and bring main back."""
    pull = project.find("staging", "main")
    source = project.on_pull_request("release-source.yml", pull["number"], event="pull_request_target")
    assert (source.code, source.jobs) == (0, {"release-source": "success"}), source.text
    project.merge(pull["number"])
    done = project.on_push("deploy-production.yml", "main", environments=["production"])
    assert done.code == 0, done.text
    project.back_merge()


def deploy_staging(project: Project, name: str, changes: dict[str, str | None]) -> None:
    """Merge a feature into staging, and run the workflow of that push."""
    project.branch(f"feature/{name}", "staging", changes)
    number = project.open(f"feature/{name}", "staging", f"Feature: {name}")["number"]
    project.merge(number, method="squash")
    done = project.on_push("deploy-staging.yml", "staging", environments=["staging", "pull-requests"])
    assert done.code == 0, done.text


def test_what_staging_validated_is_released_by_an_approved_pull_request(project: Project) -> None:
    pull = project.find("staging", "main")
    assert "Mottos" in pull["title"]
    body = pull["body"]
    assert "20270101000000_mottos.sql" in body
    assert "- [x] All tests and the smoke tests passed: release" in body
    assert "Feature: Mottos" in body
    preview = project.on_pull_request("pr-checks.yml", pull["number"], job="preview", environments=["production-read"])
    assert preview.code == 0, preview.text
    assert "20270101000000_mottos.sql" in project.comment(pull["number"], "production")
    release(project)
    (newest, *_) = project.history("production")
    assert (newest["kind"], newest["migrations"][-1]) == ("release", "20270101000000")
    assert newest["digest"] == project.history("staging")[0]["digest"]


def test_a_pull_request_of_a_fork_gets_no_secret_and_still_a_preview(project: Project) -> None:
    project.branch("feature/fork", "staging", {"NOTES.md": "from a fork"})
    number = project.open("feature/fork", "staging", "Feature: of a fork")["number"]
    pull = project.pull(number)
    pull["head"]["repo"]["full_name"] = "somebody/mano"
    payload = {"number": number, "pull_request": pull}
    done = project.run("pr-checks.yml", "pull_request", payload, ref=f"pull/{number}/merge", job="preview")
    assert done.code == 0, done.text
    assert done.jobs["preview on the local cloud"] == "success"
    assert done.jobs.get("preview of the stack", "skipped") == "skipped"


@pytest.mark.parametrize(
    ("branch", "repository", "labels", "expected"),
    [
        ("staging", "mano-app/mano", [], "success"),
        ("staging", "somebody/mano", [], "failure"),
        ("feature/x", "mano-app/mano", ["hotfix"], "failure"),
        ("hotfix/x", "mano-app/mano", [], "failure"),
        ("hotfix/x", "mano-app/mano", ["urgent", "hotfix"], "success"),
        ("hotfix/x", "somebody/mano", ["hotfix"], "failure"),
    ],
)
def test_only_staging_or_a_labelled_hotfix_of_this_repository_may_be_merged_into_main(
    project: Project, branch: str, repository: str, labels: list[str], expected: str
) -> None:
    pull: dict[str, Any] = {
        "number": 1,
        "head": {"ref": branch, "repo": {"full_name": repository}},
        "base": {"ref": "main"},
        "labels": [{"name": label} for label in labels],
    }
    payload = {"number": 1, "pull_request": pull}
    done = project.run("release-source.yml", "pull_request_target", payload, ref="origin/main")
    assert done.jobs == {"release-source": expected}


def test_a_second_release_follows_the_first(project: Project) -> None:
    file = project.checkout.directory / HEALTH
    deploy_staging(project, "second", {HEALTH: f"{file.read_text(encoding='utf-8')}// a second feature\n"})
    release(project)
    assert project.history("production")[0]["digest"] == project.history("staging")[0]["digest"]


def test_a_hotfix_with_a_migration_goes_to_production_alone_and_comes_back(project: Project) -> None:
    checkout = project.checkout
    project.branch("hotfix/tags", "main", migration(2, "tags"))
    variables = {"GITHUB_TOKEN": project.people["dana"]}
    refused = checkout.run("python", "-m", "ops", "hotfix", "--title", "Tags", "--json", environment=variables)
    assert refused.code == 2, refused.text
    assert "hotfix.release" in refused.text
    digest = refused.text.partition('"release": "')[2][:64]
    for key, value in (("release", digest), ("reason", "tags are missing")):
        command = ["pulumi", "config", "set", "--stack", "production", "--path", f"hotfix.{key}", value]
        assert checkout.run(*command).code == 0
    checkout.commit("Declare the hotfix")
    checkout.git("push", "--quiet", project.remote("dana"), "hotfix/tags")
    opened = checkout.run("python", "-m", "ops", "hotfix", "--title", "Tags", environment=variables)
    assert opened.code == 0, opened.text
    pull = project.find("hotfix/tags", "main")
    assert [label["name"] for label in pull["labels"]] == ["hotfix"]
    project.merge(pull["number"])
    done = project.on_push("deploy-production.yml", "main", environments=["production"])
    assert done.code == 0, done.text
    (newest, *_) = project.history("production")
    assert (newest["kind"], newest["reason"]) == ("hotfix", "tags are missing")
    project.back_merge()
    done = project.on_push("deploy-staging.yml", "staging", environments=["staging", "pull-requests"])
    assert done.code == 0, done.text
    assert project.history("staging")[0]["migrations"] == newest["migrations"]


def test_a_third_release_follows_the_hotfix(project: Project) -> None:
    file = project.checkout.directory / HEALTH
    changes = {HEALTH: f"{file.read_text(encoding='utf-8')}// a third feature\n", **migration(3, "words")}
    deploy_staging(project, "third", changes)
    release(project)
    (newest, *_) = project.history("production")
    assert (newest["kind"], newest["migrations"][-2:]) == ("release", ["20270102000000", "20270103000000"])


def test_a_release_is_reverted_by_a_pull_request(project: Project) -> None:
    newest, *earlier = project.history("production")
    command = ["python", "-m", "ops", "revert", str(newest["number"]), "--json"]
    opened = project.checkout.run(*command, environment={"GITHUB_TOKEN": project.people["dana"]})
    assert opened.code == 0, opened.text
    pull = project.find(f"hotfix/revert-{newest['number']}", "main")
    source = project.on_pull_request("release-source.yml", pull["number"], event="pull_request_target")
    assert source.code == 0, source.text
    project.merge(pull["number"])
    done = project.on_push("deploy-production.yml", "main", environments=["production"])
    assert done.code == 0, done.text
    (reverted, *_) = project.history("production")
    good = next(record for record in earlier if record["kind"] in {"release", "hotfix"})
    assert reverted["kind"] == "hotfix"
    assert reverted["functions"] == good["functions"]
    assert reverted["migrations"] == newest["migrations"]
    project.back_merge()
    done = project.on_push("deploy-staging.yml", "staging", environments=["staging", "pull-requests"])
    assert done.code == 0, done.text


def test_a_release_whose_smoke_tests_fail_fails_its_job(project: Project) -> None:
    file = project.checkout.directory / HEALTH
    good = file.read_text(encoding="utf-8")
    # No test without a database sees this; the function starts, and answers an error.
    broken = good.replace("select 1", "select gone")
    assert broken != good
    project.branch("feature/broken", "staging", {HEALTH: broken})
    number = project.open("feature/broken", "staging", "Feature: broken")["number"]
    project.merge(number, method="squash")
    done = project.on_push("deploy-staging.yml", "staging", environments=["staging", "pull-requests"])
    assert done.code == 1
    assert "The smoke tests failed" in done.text
    assert "put back" in done.text
    assert project.history("staging")[0]["kind"] == "failed"
    deploy_staging(project, "mended", {HEALTH: good})
    assert project.history("staging")[0]["kind"] == "release"


def test_drift_is_found_and_told_in_an_issue(project: Project) -> None:
    path = "/actions/permissions"
    project.ask("administrator", "PUT", path, {"enabled": True, "allowed_actions": "all"})
    done = project.run("drift-audit.yml", "schedule", {}, ref="origin/main", environments=["audit"])
    assert done.jobs == {"audit": "failure"}, done.text
    (opened,) = project.ask("dana", "GET", "/issues?state=open&labels=drift")
    assert "allowed_actions" in opened["body"]


def test_between_releases_production_is_looked_at(project: Project) -> None:
    done = project.run("monitor.yml", "schedule", {}, ref="origin/main", environments=["audit"])
    assert done.jobs == {"monitor": "success"}, done.text
    assert "production is as it was before" in done.text


def test_the_refresh_of_staging_stops_where_migrations_brought_tables_without_a_rule(project: Project) -> None:
    done = project.run("refresh-staging.yml", "schedule", {}, ref="origin/main", environments=["refresh"])
    assert done.jobs == {"refresh": "failure"}, done.text
    assert "Nothing was read and nothing was written." in done.text
    assert "public.mottos.id (bigint)" in done.text


def test_what_a_release_may_not_do_govern_does(project: Project) -> None:
    stack_file = project.checkout.directory / "Pulumi.staging.yaml"
    text = stack_file.read_text(encoding="utf-8")
    changed = text.replace("      upToDate: false\n", "      upToDate: true\n")
    assert changed != text
    project.branch("feature/stricter", "staging", {"Pulumi.staging.yaml": changed})
    number = project.open("feature/stricter", "staging", "Feature: stricter")["number"]
    project.merge(number, method="squash")
    environments = ["staging", "pull-requests"]
    refused = project.on_push("deploy-staging.yml", "staging", environments=environments)
    assert refused.code == 1
    assert "govern.yml" in refused.text
    inputs = {"stack": "staging"}
    payload = {"ref": "refs/heads/main"}
    done = project.run(
        "govern.yml", "workflow_dispatch", payload, ref="origin/main", environments=["administration"], inputs=inputs
    )
    assert done.code == 0, done.text
    again = project.on_push("deploy-staging.yml", "staging", environments=environments)
    assert again.code == 0, again.text


def test_a_rollback_is_made_by_its_workflow(project: Project) -> None:
    inputs = {"stack": "staging", "reason": "it was wrong", "to": "", "migrations": "false"}
    payload = {"ref": "refs/heads/main"}
    done = project.run(
        "rollback.yml", "workflow_dispatch", payload, ref="origin/staging", environments=["staging"], inputs=inputs
    )
    assert done.code == 0, done.text
    (newest, *_) = project.history("staging")
    assert (newest["kind"], newest["reason"]) == ("rollback", "it was wrong")
