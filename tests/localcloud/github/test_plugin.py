"""The real engine and the real GitHub plugin against the local GitHub: declare, look again, repair, adopt, destroy."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
R = "/repos/mano-app/mano"
E = f"{R}/environments/production"
HIDDEN = ("a value that nobody may see", "another hidden value")
DRIFT = 7  # the engine's exit code for --expect-no-changes with changes

# What the README says that the token of a stack has to be able to do, and what is enough for a preview.
WRITING = dict.fromkeys(
    ("administration", "actions", "environments", "secrets", "variables", "contents", "issues"), "write"
) | dict.fromkeys(("metadata", "members"), "read")
READING = dict.fromkeys(WRITING, "read")

PROJECT = {"name": "contract", "runtime": "python"}
PROGRAM = f"""
import pulumi
import pulumi_github as github

repository = github.get_repository(full_name="mano-app/mano")
bob = github.get_user(username="bob")
core = github.get_team(slug="core", summary_only=True)
staging = github.Branch("staging", repository="mano", branch="staging", source_branch="main")
github.BranchDefault("default", repository="mano", branch="main")
github.BranchProtection(
    "main",
    repository_id=repository.node_id,
    pattern="main",
    enforce_admins=True,
    require_conversation_resolution=True,
    required_status_checks=[{{"strict": True, "contexts": ["backend-tests", "ios-build"]}}],
    required_pull_request_reviews=[
        {{
            "required_approving_review_count": 1,
            "require_code_owner_reviews": True,
            "dismiss_stale_reviews": True,
            "require_last_push_approval": True,
        }}
    ],
    restrict_pushes=[{{"push_allowances": ["/bob", "mano-app/core"], "blocks_creations": True}}],
)
production = github.RepositoryEnvironment(
    "production",
    repository="mano",
    environment="production",
    wait_timer=5,
    prevent_self_review=True,
    can_admins_bypass=False,
    reviewers=[{{"users": [int(bob.id)], "teams": [int(core.id)]}}],
    deployment_branch_policy={{"protected_branches": False, "custom_branch_policies": True}},
)
inside = {{"repository": "mano", "environment": production.environment}}
github.RepositoryEnvironmentDeploymentPolicy("main", branch_pattern="main", **inside)
hidden = [pulumi.Output.secret(value) for value in {HIDDEN!r}]
github.ActionsEnvironmentSecret("token", secret_name="TOKEN", value=hidden[0], **inside)
github.ActionsSecret("token", repository="mano", secret_name="TOKEN", value=hidden[1])
github.ActionsEnvironmentVariable("url", variable_name="URL", value="https://example.test", **inside)
github.ActionsVariable("region", repository="mano", variable_name="REGION", value="eu-central-1")
github.IssueLabel("hotfix", repository="mano", name="kind/hotfix", color="b60205", description="straight to main")
github.RepositoryRuleset(
    "release-source",
    repository="mano",
    name="release-source",
    target="branch",
    enforcement="active",
    conditions={{"ref_name": {{"includes": ["refs/heads/main"], "excludes": []}}}},
    bypass_actors=[{{"actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "always"}}],
    rules={{
        "required_status_checks": {{
            "strict_required_status_checks_policy": True,
            "required_checks": [{{"context": "release-source", "integration_id": 15368}}],
        }}
    }},
)
github.ActionsRepositoryPermissions(
    "actions",
    repository="mano",
    allowed_actions="selected",
    allowed_actions_config={{
        "github_owned_allowed": True,
        "verified_allowed": False,
        "patterns_alloweds": ["supabase/*"],
    }},
)
"""

REPOSITORY_PROGRAM = """
import pulumi
import pulumi_github as github

github.Repository(
    "repository",
    name="mano",
    description="Backend",
    visibility="private",
    has_issues=True,
    has_projects=True,
    has_wiki=True,
    allow_squash_merge=False,
    delete_branch_on_merge=True,
    archive_on_destroy=True,
    topics=["deployment"],
    security_and_analysis={
        "secret_scanning": {"status": "enabled"},
        "secret_scanning_push_protection": {"status": "enabled"},
    },
    opts=pulumi.ResourceOptions(import_="mano"),
)
github.WorkflowRepositoryPermissions("workflows", repository="mano", default_workflow_permissions="read")
"""


@dataclass
class Stack:
    """One program and the engine's command line for it."""

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def with_token(self, token: str) -> "Stack":
        return replace(self, environment=self.environment | {"GITHUB_TOKEN": token})

    def resources(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("stack", "export"))["deployment"].get("resources", [])
        return [item for item in found if item["type"].startswith("github:")]


@pytest.fixture
def stack(github: Any, tmp_path: Path) -> Stack:
    folder = tmp_path / "program"
    (folder / "state").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(json.dumps(PROJECT), encoding="utf-8")
    (folder / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "toolchain", "path"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    foreign = ("GITHUB_", "PULUMI_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    home = {"PULUMI_HOME": os.environ["PULUMI_HOME"]} if "PULUMI_HOME" in os.environ else {}
    environment = {
        **inherited,
        **home,
        "PATH": os.pathsep.join([*told.stdout.split(), os.environ["PATH"]]),
        "GITHUB_BASE_URL": f"{github.base}/",
        "GITHUB_TOKEN": github.user("ada", permissions=WRITING).token,
        "GITHUB_OWNER": "mano-app",
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }
    made = Stack(folder, environment)
    init(made, "test")
    return made


def init(stack: Stack, name: str) -> None:
    config = {"github:owner": "mano-app", "github:writeDelayMs": "0"}
    (stack.folder / f"Pulumi.{name}.yaml").write_text(json.dumps({"config": config}), encoding="utf-8")
    stack.run("stack", "init", name)


@pytest.mark.engine
def test_what_is_declared_is_there_stays_and_goes(github: Any, stack: Stack) -> None:
    stack.run("up", "--yes", "--skip-preview")
    shown = github("GET", f"{R}/branches/main/protection").json()
    assert shown["required_status_checks"]["contexts"] == ["backend-tests", "ios-build"]
    assert shown["required_pull_request_reviews"]["require_last_push_approval"] is True
    assert [team["slug"] for team in shown["restrictions"]["teams"]] == ["core"]
    rules = {rule["type"]: rule for rule in github("GET", E).json()["protection_rules"]}
    assert len(rules["required_reviewers"]["reviewers"]) == 2
    assert github("GET", f"{E}/deployment-branch-policies").json()["branch_policies"][0]["name"] == "main"

    stack.with_token(github.user("ada", permissions=READING).token).run("preview", "--refresh", "--expect-no-changes")
    stack.run("refresh", "--yes", "--expect-no-changes")
    assert not any(value in stack.run("stack", "export") for value in HIDDEN)

    stack.run("destroy", "--yes", "--skip-preview")
    assert github("GET", f"{R}/environments").json()["environments"] == []
    assert github("GET", f"{R}/rulesets").json() == []
    assert github("GET", f"{R}/branches/main/protection").status_code == 404
    assert [branch["name"] for branch in github("GET", f"{R}/branches").json()] == ["main"]


@pytest.mark.engine
def test_what_is_changed_by_hand_is_seen_and_repaired(github: Any, stack: Stack) -> None:
    stack.run("up", "--yes", "--skip-preview")
    github("DELETE", f"{E}/secrets/TOKEN")
    github("PATCH", f"{E}/variables/URL", {"name": "URL", "value": "https://other.test"})
    github("PATCH", f"{R}/labels/kind/hotfix", {"color": "ffffff"})
    (ruleset,) = github("GET", f"{R}/rulesets").json()
    github("PUT", f"{R}/rulesets/{ruleset['id']}", {"enforcement": "disabled"})
    seen = stack.run("preview", "--refresh", "--diff", "--expect-no-changes", code=DRIFT)
    assert "3 to update" in seen
    assert "1 to create" in seen
    stack.run("up", "--yes", "--skip-preview", "--refresh")
    assert github("GET", f"{E}/secrets/TOKEN").status_code == 200
    assert github("GET", f"{R}/labels/kind/hotfix").json()["color"] == "b60205"
    stack.run("preview", "--refresh", "--expect-no-changes")


def test_every_type_that_is_declared_is_tried() -> None:
    constructed = re.compile(r"\bgithub\.([A-Z]\w+)\(")
    components = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "components").glob("*.py"))
    declared = {name for name in constructed.findall(components) if not name.endswith("Args")}
    assert declared - {*constructed.findall(PROGRAM + REPOSITORY_PROGRAM)} == set()


@pytest.mark.engine
def test_what_exists_is_adopted(stack: Stack, tmp_path: Path) -> None:
    stack.run("up", "--yes", "--skip-preview")
    adopt(stack, tmp_path)


def adopt(stack: Stack, tmp_path: Path) -> None:
    """Import what the selected stack made into another one, which then has all of it."""
    made = stack.resources()
    identifiers = {item["urn"]: item["id"] for item in made} | {
        item["urn"]: "mano:main" for item in made if item["type"].endswith(":BranchProtection")
    }
    wanted = [
        {
            "type": item["type"],
            "name": item["urn"].rpartition("::")[2],
            "id": f"mano:{item['id']}" if item["type"].endswith(":RepositoryRuleset") else identifiers[item["urn"]],
        }
        for item in made
    ]
    listed = tmp_path / "imports.json"
    listed.write_text(json.dumps({"resources": wanted}), encoding="utf-8")
    init(stack, "adopted")
    stack.run("import", "--file", str(listed), "--yes", "--skip-preview", "--generate-code=false", "--protect=false")
    assert {item["urn"].partition("::")[2] for item in stack.resources()} == {
        item["urn"].partition("::")[2] for item in made
    }


@pytest.mark.engine
def test_the_repository_is_adopted_and_archived_instead_of_deleted(github: Any, stack: Stack, tmp_path: Path) -> None:
    (stack.folder / "__main__.py").write_text(REPOSITORY_PROGRAM, encoding="utf-8")
    stack.run("up", "--yes", "--skip-preview")
    shown = github("GET", R).json()
    assert (shown["description"], shown["allow_squash_merge"], shown["topics"]) == ("Backend", False, ["deployment"])
    assert shown["security_and_analysis"]["secret_scanning_push_protection"] == {"status": "enabled"}
    stack.run("preview", "--refresh", "--expect-no-changes")
    adopt(stack, tmp_path)
    stack.run("stack", "select", "test")
    stack.run("destroy", "--yes", "--skip-preview")
    assert github("GET", R).json()["archived"] is True
