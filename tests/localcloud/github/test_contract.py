"""Every REST operation, once with success and often with a refusal, against GitHub's published contract."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
import jsonschema
import pytest
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from localcloud.github.catalogue import OPERATIONS
from localcloud.github.limits import Limits
from localcloud.github.operations import NO_CONTENT, Operation
from tests.localcloud.github import effects
from tests.localcloud.github.conftest import running, seeded
from tests.localcloud.github.effects import CONSTANT, REFUSED, SEEDED, missing, tell_story
from tests.localcloud.github.steps import E, Known, R
from tests.localcloud.github.work_tree import WorkTree, clone

CONTRACT = Path(__file__).parents[2] / "contracts" / "github-rest-openapi.json"

# What GitHub answers but does not publish: below another name, or not at all.
ALIASES = {"/repositories/{repository_id}": "/repos/{owner}/{repo}"}
UNPUBLISHED = {"/organizations/{org_id}/team/{team_id}/members", "/repos/{owner}/{repo}/contents"}
# The plugin sends can_admins_bypass, which the contract forbids and GitHub takes.
UNPUBLISHED_REQUESTS = {("PUT", "/repos/{owner}/{repo}/environments/{environment_name}")}
# GitHub words what is wrong with a ruleset as plain sentences; the contract has objects.
UNPUBLISHED_REFUSALS = {("/repos/{owner}/{repo}/rulesets", 422)}
# Refusals that GitHub gives and the contract leaves out for many operations.
UNDECLARED_STATUSES = {403, 404, 409, 422}

REFUSAL = {
    "type": "object",
    "required": ["message", "documentation_url", "status"],
    "properties": {
        "message": {"type": "string"},
        "documentation_url": {"type": "string"},
        "status": {"type": "string"},
        "errors": {"type": "array", "minItems": 1},
    },
    "additionalProperties": False,
}
STRICT_ENVIRONMENT = {
    "type": "object",
    "required": ["can_admins_bypass", "protection_rules", "deployment_branch_policy"],
    "properties": {
        "can_admins_bypass": {"type": "boolean"},
        "deployment_branch_policy": {
            "type": ["object", "null"],
            "required": ["protected_branches", "custom_branch_policies"],
            "properties": {
                "protected_branches": {"type": "boolean"},
                "custom_branch_policies": {"type": "boolean"},
            },
            "additionalProperties": False,
        },
        "protection_rules": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "node_id", "type"],
                "oneOf": [
                    {"required": ["wait_timer"], "properties": {"type": {"const": "wait_timer"}}},
                    {
                        "required": ["reviewers", "prevent_self_review"],
                        "properties": {"type": {"const": "required_reviewers"}},
                    },
                    {"properties": {"type": {"const": "branch_policy"}}},
                ],
                "properties": {
                    "id": {"type": "integer"},
                    "node_id": {"type": "string"},
                    "type": {"type": "string"},
                    "wait_timer": {"type": "integer", "minimum": 1, "maximum": 43200},
                    "prevent_self_review": {"type": "boolean"},
                    "reviewers": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 6,
                        "items": {
                            "type": "object",
                            "required": ["type", "reviewer"],
                            "oneOf": [
                                {"properties": {"type": {"const": "User"}, "reviewer": {"required": ["login"]}}},
                                {"properties": {"type": {"const": "Team"}, "reviewer": {"required": ["slug"]}}},
                            ],
                            "properties": {
                                "reviewer": {
                                    "type": "object",
                                    "required": ["id", "node_id"],
                                    "properties": {"id": {"type": "integer"}},
                                }
                            },
                        },
                    },
                },
                "additionalProperties": False,
            },
        },
    },
}
STRICT_SECRET: dict[str, Any] = {
    "type": "object",
    "required": ["name", "created_at", "updated_at"],
    "properties": {"name": {"type": "string"}, "created_at": {"type": "string"}, "updated_at": {"type": "string"}},
    "additionalProperties": False,
}
STRICT_VARIABLE = {
    "type": "object",
    "required": ["name", "value", "created_at", "updated_at"],
    "properties": STRICT_SECRET["properties"] | {"value": {"type": "string"}},
    "additionalProperties": False,
}


def listed(key: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["total_count", key],
        "properties": {"total_count": {"type": "integer"}, key: {"type": "array", "items": schema}},
        "additionalProperties": False,
    }


_SCOPES = rf"({R}/actions|{E}|/repositories/\d+/environments/production)"
# The published schemas of these let wrong answers through (a string as timer, a secret with its value).
STRICT: dict[str, dict[str, Any]] = {
    rf"{E}": STRICT_ENVIRONMENT,
    rf"{R}/environments": listed("environments", STRICT_ENVIRONMENT),
    rf"{_SCOPES}/secrets/TOKEN": STRICT_SECRET,
    rf"{_SCOPES}/secrets": listed("secrets", STRICT_SECRET),
    rf"{_SCOPES}/variables/REGION": STRICT_VARIABLE,
    rf"{_SCOPES}/variables": listed("variables", STRICT_VARIABLE),
}


@pytest.fixture(scope="module")
def contract() -> OpenAPI:
    document = json.loads(CONTRACT.read_text(encoding="utf-8"))
    # OpenAPI 3.0 ignores `nullable` beside `oneOf`; GitHub means it: a commit may belong to no account.
    for name in ("author", "committer"):
        document["components"]["schemas"]["commit"]["properties"][name]["oneOf"].append(
            {"type": "object", "nullable": True, "enum": [None]}
        )
    # Nor does `nullable` reach an `enum` that has no null.
    for schema in ("issue", "check-run", "pull-request-review-comment", "review-comment"):
        for shape in document["components"]["schemas"].get(schema, {}).get("properties", {}).values():
            if shape.get("enum"):
                shape |= {"nullable": True, "enum": [*shape["enum"], None]}
    # A list cannot be told from a file by a field that only the file has.
    contents = document["paths"]["/repos/{owner}/{repo}/contents/{path}"]["get"]["responses"]["200"]["content"]
    del contents["application/json"]["schema"]["discriminator"]
    return OpenAPI.from_dict(document)


@dataclass(frozen=True)
class Story:
    """What was asked and answered: the exchanges, the steps that went wrong, and the answers of two seeds."""

    exchanges: list[httpx.Response]
    failures: list[str]
    seeds: dict[str, tuple[httpx.Response, httpx.Response]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Ask everything once: whoever adds a route adds to `effects`, and its refusals to a part of this file."""
    source = tmp_path_factory.mktemp("source")
    write(source, {".github/workflows/ci.yml": "name: CI\non: push\n", ".github/CODEOWNERS": "* @nobody ada\n"})
    write(other := tmp_path_factory.mktemp("other"), {".github/CODEOWNERS": "* @ada\n"})
    first = seeded(source=source, roles={"eve": "read"})
    second = seeded(
        source=other, users=("bob", "ada"), teams={"core": ("ada",)}, plan="team", protected_branches=("main",)
    )
    unlimited = Limits(**dict.fromkeys(Limits.model_fields))
    with (
        running(tmp_path_factory.mktemp("first"), first, limits=unlimited) as github,
        running(tmp_path_factory.mktemp("second"), second, limits=unlimited) as differing,
    ):
        for part in PARTS:
            part(github)
        tree = clone(github.user("bob"), tmp_path_factory.mktemp("clone") / "work")
        for with_git in WITH_GIT:
            with_git(github, tree)
        commits(github)
        clean(github)
        known = remembered(github)
        known |= {name: push(tree, f"effects/{name}") for name in ("first", "second")}
        failures = list(tell_story(github, known))
        protection(github)
        elsewhere = remembered(differing)
        for client in (github, differing):
            client("PUT", E, {})
        seeds = {
            name: (github("GET", path.format_map(known)), differing("GET", path.format_map(elsewhere)))
            for name, path in [*SEEDED.items(), *((name, path) for name, (path, _) in CONSTANT.items())]
        }
        yield Story(github.exchanges, failures, seeds)


@pytest.fixture
def exchanges(story: Story) -> list[httpx.Response]:
    return story.exchanges


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    named = ("-c", "user.name=Ada", "-c", "user.email=ada@example.test")
    for arguments in (("init", "--quiet"), ("add", "."), (*named, "commit", "--quiet", "--message=First")):
        subprocess.run(["git", *arguments], cwd=folder, check=True)


def remembered(github: Any) -> Known:
    """Keep the numbers that the story's paths and bodies need."""
    git = github.service.store.git("mano-app", "mano")
    return Known(
        {
            "repository": github("GET", R).json()["id"],
            "organization": github("GET", "/orgs/mano-app").json()["id"],
            "core": github("GET", "/orgs/mano-app/teams/core").json()["id"],
            "bob": github("GET", "/users/bob").json()["id"],
            "main": git.run("rev-parse", "main"),
            "other": git.run("commit-tree", "main^{tree}", "-p", "main", "-m", "Second"),
        }
    )


def clean(github: Any) -> None:
    """Take back what the parts made and the story makes again."""
    github("DELETE", E)
    github("DELETE", f"{R}/git/refs/heads%2Fstaging")
    github("DELETE", f"{R}/collaborators/eve")
    github("PUT", f"{R}/actions/permissions", {"enabled": True, "allowed_actions": "all"})
    github("PATCH", R, {"description": "", "delete_branch_on_merge": False})
    github("PUT", f"{R}/topics", {"names": []})


def accounts(github: Any) -> None:
    organization = github("GET", "/orgs/mano-app").json()
    team = github("GET", "/orgs/mano-app/teams/core").json()
    for path in (
        "/orgs/nobody",
        "/orgs/mano-app/members",
        "/orgs/mano-app/teams",
        "/orgs/mano-app/teams/core/members",
        "/orgs/mano-app/teams/other",
        f"/organizations/{organization['id']}/team/{team['id']}/members",
        "/user",
        "/users/bob",
        "/users/nobody",
        "/users/bob/keys",
        "/users/bob/gpg_keys",
        f"{R}/collaborators",
        f"{R}/collaborators/bob",
        f"{R}/collaborators/nobody",
        f"{R}/collaborators/bob/permission",
    ):
        github("GET", path)


def repository(github: Any) -> None:
    github("GET", R)
    github("GET", "/repos/mano-app/other")
    github("PATCH", R, {"delete_branch_on_merge": True, "allow_squash_merge": False, "description": "Backend"})
    github("PATCH", R, {"security_and_analysis": {"secret_scanning_push_protection": {"status": "enabled"}}})
    github("PATCH", R, {"default_branch": "absent"})
    github("PUT", f"{R}/topics", {"names": ["deployment"]})
    github("GET", f"{R}/topics")
    github("GET", f"{R}/vulnerability-alerts")
    github("PUT", f"{R}/vulnerability-alerts")
    github("GET", f"{R}/vulnerability-alerts")
    github("DELETE", f"{R}/vulnerability-alerts")


def refs(github: Any) -> None:
    sha = github("GET", f"{R}/git/ref/heads/main").json()["object"]["sha"]
    github("GET", f"{R}/git/ref/heads/absent")
    github("GET", f"{R}/git/matching-refs/heads/ma")
    for name in ("staging", "feature/one", "feature/one"):
        github("POST", f"{R}/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
    github("PATCH", f"{R}/git/refs/heads%2Fstaging", {"sha": sha, "force": False})
    github("POST", f"{R}/branches/feature%2Fone/rename", {"new_name": "feature/two"})
    github("GET", f"{R}/branches")
    github("GET", f"{R}/branches/feature%2Ftwo")
    github("DELETE", f"{R}/git/refs/heads%2Ffeature%2Ftwo")
    github("GET", f"{R}/commits/main")
    github("GET", f"{R}/commits/absent")


def protection(github: Any) -> None:
    github("GET", f"{R}/branches/main/protection")
    people = github.query('{user(login:"bob"){id} organization(login:"mano-app"){team(slug:"core"){id}}}')["data"]
    actors = [people["user"]["id"], people["organization"]["team"]["id"], "A_kgDOAAAAADwI"]
    document = (
        "mutation($input: CreateBranchProtectionRuleInput!)"
        "{createBranchProtectionRule(input: $input){branchProtectionRule{id}}}"
    )
    flags = (
        "requiresApprovingReviews", "requiresStatusChecks", "restrictsPushes", "restrictsReviewDismissals",
        "isAdminEnforced", "requiresCommitSignatures",
    )  # fmt: skip
    made = github.query(
        document,
        input={
            "repositoryId": github("GET", R).json()["node_id"],
            "pattern": "main",
            **dict.fromkeys(flags, True),
            "requiredApprovingReviewCount": 1,
            "requiredStatusChecks": [{"context": "release-source", "appId": actors[2]}, {"context": "any"}],
            **dict.fromkeys(("pushActorIds", "reviewDismissalActorIds", "bypassPullRequestActorIds"), actors),
        },
    )
    assert "errors" not in made
    github("GET", f"{R}/branches/main/protection")
    github("GET", f"{R}/branches/main")


def environments(github: Any) -> None:
    bob, core = (github("GET", path).json()["id"] for path in ("/users/bob", "/orgs/mano-app/teams/core"))
    wanted = {
        "wait_timer": 30,
        "prevent_self_review": True,
        "reviewers": [{"type": "User", "id": bob}, {"type": "Team", "id": core}],
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
    }
    github("GET", E)
    github("PUT", E, wanted | {"can_admins_bypass": False})
    github("PUT", E, wanted | {"wait_timer": 50_000})
    github("GET", E)
    github("GET", f"{R}/environments")
    policies = f"{E}/deployment-branch-policies"
    number = github("POST", policies, {"name": "main", "type": "branch"}).json()["id"]
    github("POST", policies, {"name": "main", "type": "branch"})
    github("GET", policies)
    github("GET", f"{policies}/{number}")
    github("PUT", f"{policies}/{number}", {"name": "release/*"})
    github("DELETE", f"{policies}/{number}")
    github("GET", f"{policies}/{number}")
    github("PUT", f"{R}/environments/gone", {})
    github("DELETE", f"{R}/environments/gone")


def secrets_and_variables(github: Any) -> None:
    number = github("GET", R).json()["id"]
    for path in (f"{R}/actions/secrets", f"{E}/secrets", f"/repositories/{number}/environments/production/secrets"):
        for value in ("first", "second"):
            github("PUT", f"{path}/TOKEN", github.seal(path, value))
        github("GET", path)
        github("GET", f"{path}/TOKEN")
        github("DELETE", f"{path}/TOKEN")
        github("GET", f"{path}/TOKEN")
    for path in (f"{R}/actions/variables", f"{E}/variables"):
        for _ in range(2):
            github("POST", path, {"name": "REGION", "value": "eu-central-1"})
        github("PATCH", f"{path}/REGION", {"name": "REGION", "value": "eu-west-1"})
        github("GET", path)
        github("GET", f"{path}/REGION")
        github("DELETE", f"{path}/REGION")
        github("GET", f"{path}/REGION")


def labels(github: Any) -> None:
    for _ in range(2):
        github("POST", f"{R}/labels", {"name": "kind/hotfix", "color": "b60205", "description": "straight to main"})
    github("GET", f"{R}/labels/kind%2Fhotfix")
    github("PATCH", f"{R}/labels/kind%2Fhotfix", {"new_name": "hotfix", "color": "000000"})
    github("GET", f"{R}/labels")
    github("DELETE", f"{R}/labels/hotfix")
    github("GET", f"{R}/labels/hotfix")


def rulesets(github: Any) -> None:
    checks = {"required_status_checks": [{"context": "release-source", "integration_id": 15368}]}
    wanted = {
        "name": "release-source",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [{"actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "always"}],
        "conditions": {"ref_name": {"include": ["refs/heads/main"], "exclude": []}},
        "rules": [
            {
                "type": "required_status_checks",
                "parameters": {"strict_required_status_checks_policy": True, **checks},
            }
        ],
    }
    number = github("POST", f"{R}/rulesets", wanted).json()["id"]
    github("POST", f"{R}/rulesets", wanted)
    github("GET", f"{R}/rulesets")
    github("GET", f"{R}/rulesets/{number}?includes_parents=false")
    github("PUT", f"{R}/rulesets/{number}", {"enforcement": "evaluate"})
    github("DELETE", f"{R}/rulesets/{number}")
    github("GET", f"{R}/rulesets/{number}")


def actions(github: Any) -> None:
    permissions = f"{R}/actions/permissions"
    github("GET", permissions)
    github("GET", f"{permissions}/selected-actions")
    github("PUT", permissions, {"enabled": True, "allowed_actions": "selected", "sha_pinning_required": True})
    github("GET", permissions)
    chosen = {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": ["supabase/*"]}
    github("PUT", f"{permissions}/selected-actions", chosen)
    github("GET", f"{permissions}/selected-actions")
    workflow = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}
    github("PUT", f"{permissions}/workflow", workflow)
    github("GET", f"{permissions}/workflow")


def issues(github: Any) -> None:
    number = github("POST", f"{R}/issues", {"title": "Drift", "body": "seen", "labels": ["drift"]}).json()["number"]
    issue = f"{R}/issues/{number}"
    github("GET", f"{R}/issues?labels=drift&state=open")
    github("GET", issue)
    github("GET", f"{R}/issues/99")
    github("PATCH", issue, {"state": "closed", "state_reason": "completed", "assignees": ["bob"]})
    github("PATCH", issue, {"state": "open"})
    github("POST", f"{issue}/labels", {"labels": ["hotfix", "bug"]})
    github("PUT", f"{issue}/labels", {"labels": ["hotfix"]})
    github("GET", f"{issue}/labels")
    github("DELETE", f"{issue}/labels/hotfix")
    github("DELETE", f"{issue}/labels/hotfix")
    github("DELETE", f"{issue}/labels")
    github.app("github-actions")("POST", f"{issue}/comments", {"body": "from an app"})
    comment = github("POST", f"{issue}/comments", {"body": "plan"}).json()["id"]
    github("GET", f"{issue}/comments")
    github("GET", f"{R}/issues/comments/{comment}")
    github("PATCH", f"{R}/issues/comments/{comment}", {"body": "new plan"})
    github("DELETE", f"{R}/issues/comments/{comment}")
    github("GET", f"{R}/issues/comments/{comment}")


def push(tree: WorkTree, branch: str) -> str:
    tree.git("fetch", "--quiet")
    tree.git("switch", "--quiet", "--create", branch, "origin/main")
    sha = tree.commit(f"{branch}/file", branch)
    tree.git("push", "--quiet", "origin", branch)
    return sha


def opened(github: Any, tree: WorkTree, branch: str) -> str:
    push(tree, branch)
    pull = github.user("bob")("POST", f"{R}/pulls", {"title": branch, "head": branch, "base": "main"}).json()
    return f"{R}/pulls/{pull['number']}"


def pull_requests(github: Any, tree: WorkTree) -> None:
    pull = opened(github, tree, "one")
    for wrong in ({"head": "one"}, {"head": "absent"}, {"head": "main"}):
        github("POST", f"{R}/pulls", {"title": "x", "base": "main", **wrong})
    github("GET", f"{R}/pulls?head=mano-app:one&base=main&state=all&sort=updated&direction=asc")
    github("GET", pull)
    github("GET", f"{R}/pulls/99")
    github("PATCH", pull, {"title": "One", "state": "closed"})
    github("PATCH", pull, {"state": "open"})
    github("GET", f"{pull}/commits")
    github("GET", f"{pull}/files")
    github("POST", f"{pull}/requested_reviewers", {"reviewers": ["ada"], "team_reviewers": ["core"]})
    github("POST", f"{pull}/requested_reviewers", {"reviewers": ["bob"]})
    github("POST", f"{pull}/requested_reviewers", {"reviewers": ["nobody"]})
    github("GET", f"{pull}/requested_reviewers")
    github("DELETE", f"{pull}/requested_reviewers", {"reviewers": ["ada"]})


def reviews(github: Any, tree: WorkTree) -> None:
    pull = opened(github, tree, "two")
    path, sha = "two/file", github("GET", pull).json()["head"]["sha"]
    lines = [{"path": path, "line": 1, "body": "here"}]
    begun = github("POST", f"{pull}/reviews", {"body": "Good", "comments": lines}).json()["id"]
    github("GET", f"{pull}/reviews/{begun}")
    github("POST", f"{pull}/reviews/{begun}/events", {"event": "APPROVE"})
    github.user("bob")("POST", f"{pull}/reviews", {"event": "APPROVE"})
    github("GET", f"{pull}/reviews")
    github("PUT", f"{pull}/reviews/{begun}/dismissals", {"message": "Too early"})
    github("PUT", f"{pull}/reviews/{begun}/dismissals", {"message": "Again"})
    comment = {"body": "Why?", "commit_id": sha, "path": path, "line": 1}
    number = github("POST", f"{pull}/comments", comment).json()["id"]
    github("POST", f"{pull}/comments", comment | {"path": "absent"})
    github("POST", f"{pull}/comments/{number}/replies", {"body": "Because"})
    github("GET", f"{pull}/comments")
    github("GET", f"{R}/pulls/comments/{number}")
    github("DELETE", f"{R}/pulls/comments/{number}")
    github("GET", f"{R}/pulls/comments/{number}")


def merging(github: Any, tree: WorkTree) -> None:
    pull = opened(github, tree, "three")
    github("PUT", f"{pull}/merge", {"sha": "0" * 40})
    github("GET", f"{pull}/merge")
    github("PUT", f"{pull}/merge", {"merge_method": "squash", "commit_title": "Three"})
    github("PUT", f"{pull}/merge")
    github("GET", f"{pull}/merge")
    github("GET", pull)
    sha = github("GET", f"{R}/commits/main").json()["sha"]
    github("GET", f"{R}/commits/{sha}/pulls")
    github("GET", f"{R}/commits/{'0' * 40}/pulls")
    behind = opened(github, tree, "four")
    github("PUT", f"{behind}/update-branch")
    github("POST", f"{R}/merges", {"base": "main", "head": "one", "commit_message": "Merge"})
    github("POST", f"{R}/merges", {"base": "main", "head": "one"})
    github("POST", f"{R}/merges", {"base": "absent", "head": "one"})
    github("PUT", f"{behind}/update-branch", {"expected_head_sha": github("GET", behind).json()["head"]["sha"]})
    github("POST", f"{R}/forks", {})
    github("PATCH", R, {"allow_forking": True})
    github("POST", f"{R}/forks", {"default_branch_only": True})
    github("GET", f"{R}/forks")
    github("GET", "/repos/ada/mano")


def checks(github: Any, tree: WorkTree) -> None:
    sha, actions_app = push(tree, "five"), github.app("github-actions")
    run = {"name": "backend-tests", "head_sha": sha, "output": {"title": "Tests", "summary": "running"}}
    number = actions_app("POST", f"{R}/check-runs", run).json()["id"]
    github("POST", f"{R}/check-runs", run)
    actions_app("POST", f"{R}/check-runs", run | {"head_sha": "0" * 40})
    actions_app("PATCH", f"{R}/check-runs/{number}", {"conclusion": "success"})
    github("GET", f"{R}/check-runs/{number}")
    github("GET", f"{R}/check-runs/7")
    github("GET", f"{R}/commits/five/check-runs?check_name=backend-tests")
    for state in ("pending", "success"):
        github("POST", f"{R}/statuses/{sha}", {"state": state, "context": "ci", "target_url": "https://ci.example"})
    github("POST", f"{R}/statuses/{sha}", {"state": "good"})
    github("GET", f"{R}/commits/{sha}/statuses")
    github("GET", f"{R}/commits/{sha}/status")


def commits(github: Any) -> None:
    github("GET", f"{R}/commits?sha=five&path=five/file&per_page=1")
    github("GET", f"{R}/commits?sha=absent")
    github("GET", f"{R}/compare/main...five")
    github("GET", f"{R}/compare/main...absent")
    for path in ("", "/five", "/five/file", "/absent"):
        github("GET", f"{R}/contents{path}?ref=five")


# `protection` comes after these: it binds administrators too.
PARTS = (accounts, repository, refs, environments, secrets_and_variables, labels, rulesets, actions, issues)
WITH_GIT = (pull_requests, reviews, merging, checks)


def test_every_answer_keeps_to_the_published_contract(exchanges: list[httpx.Response], contract: OpenAPI) -> None:
    assert "\n".join(mismatches(exchanges, contract)) == ""


def test_environments_and_secrets_keep_to_stricter_schemas(exchanges: list[httpx.Response]) -> None:
    assert "\n".join(strict_mismatches(exchanges)) == ""
    for pattern in STRICT:
        assert any(re.fullmatch(pattern, path_of(response)) and response.is_success for response in exchanges)


def test_every_operation_is_exercised_with_success(exchanges: list[httpx.Response]) -> None:
    called = {operation(response) for response in exchanges if response.status_code < 400}
    silent = {f"{item.method} {item.template.replace('+', '')}" for item in set(OPERATIONS) - called}
    assert silent - REFUSED.keys() == set()


def test_every_write_shows_its_effect(story: Story) -> None:
    assert "\n".join(story.failures) == ""


def test_every_route_is_listed_with_its_effect() -> None:
    assert "\n".join(missing()) == ""


def test_what_is_seeded_is_told(story: Story) -> None:
    for name in SEEDED:
        first, second = story.seeds[name]
        assert first.is_success, name
        assert without_host(first) != without_host(second), f"{name} tells the same of different seeds"
    for name in CONSTANT:
        first, second = story.seeds[name]
        assert without_host(first) == without_host(second), f"{name} varies: name in `effects` what it shows"


def test_a_route_that_nobody_lists_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    stray = [
        Operation(method=method, template="/repos/{owner}/{repo}/stray", handler=lambda _: NO_CONTENT)
        for method in ("GET", "POST")
    ]
    monkeypatch.setattr(effects, "OPERATIONS", stray)
    told = list(missing())
    assert [line.partition(":")[0] for line in told] == [f"{item.method} {item.template}" for item in stray]
    assert "Step" in told[1]


def without_host(response: httpx.Response) -> tuple[int, str]:
    dates = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    return response.status_code, dates.sub("", response.text.replace(response.url.netloc.decode(), ""))


CORRUPTIONS: tuple[tuple[str, tuple[str | int, ...], Any], ...] = (
    (f"{R}/git/ref/heads/main", ("object",), None),
    (f"{R}/git/ref/heads/main", ("object", "sha"), "short"),
    (f"{R}/labels/kind%2Fhotfix", ("color",), 7),
    ("/orgs/mano-app", ("login",), None),
    ("/users/bob", ("id",), "one"),
    ("/orgs/mano-app/teams/core", ("members_count",), "two"),
    (R, ("private",), "no"),
    (R, ("owner",), None),
    (f"{R}/actions/permissions", ("enabled",), "yes"),
    (f"{R}/branches/main/protection", ("required_status_checks", "checks", 0, "app_id"), "15368"),
    (f"{R}/branches/main/protection", ("enforce_admins", "enabled"), "true"),
    (f"{R}/keys", (0, "read_only"), "true"),
    (f"{R}/hooks", (0, "config"), "none"),
    (f"{R}/collaborators", (0, "role_name"), None),
    (f"{R}/rulesets", (0, "enforcement"), "sometimes"),
    (f"{R}/actions/workflows", ("workflows", 0, "state"), "asleep"),
    (f"{R}/actions/variables/REGION", ("value",), 5),
    ("/rate_limit", ("rate", "remaining"), "all"),
    (E, ("can_admins_bypass",), "true"),
    (E, ("protection_rules", 0, "wait_timer"), "30"),
    (E, ("protection_rules", 1, "reviewers"), []),
    (E, ("protection_rules", 1, "reviewers", 0, "reviewer"), {}),
    (E, ("protection_rules", 1, "reviewers", 0, "reviewer", "id"), "1"),
    (f"{R}/actions/secrets/TOKEN", ("value",), "shown"),
    (f"{R}/actions/secrets", ("secrets", 0, "value"), "shown"),
)


@pytest.mark.parametrize(("path", "place", "wrong"), CORRUPTIONS)
def test_a_wrong_answer_is_noticed(
    exchanges: list[httpx.Response], contract: OpenAPI, path: str, place: tuple[str | int, ...], wrong: Any
) -> None:
    good, body = next(found for found in with_place(exchanges, path, place))
    reached = body
    for key in place[:-1]:
        reached = reached[key]
    reached[place[-1]] = wrong
    bad = httpx.Response(200, request=good.request, json=body)
    assert [*mismatches([good], contract), *strict_mismatches([good])] == []
    assert [*mismatches([bad], contract), *strict_mismatches([bad])] != []


@pytest.mark.parametrize(
    ("method", "path", "wrong"),
    [
        ("PUT", f"{R}/topics", {"names": "deployment"}),
        ("POST", f"{R}/labels", {"color": "b60205"}),
        ("POST", f"{R}/rulesets", {"name": "x", "enforcement": "sometimes"}),
        ("PUT", f"{R}/actions/permissions", {"allowed_actions": "all"}),
        ("POST", f"{R}/hooks", {"config": {}, "secret": "outside"}),
    ],
)
def test_a_wrong_request_is_noticed(
    exchanges: list[httpx.Response], contract: OpenAPI, method: str, path: str, wrong: Any
) -> None:
    good = next(
        item for item in exchanges if item.request.method == method and path_of(item) == path and item.is_success
    )
    sent = httpx.Request(method, good.request.url, json=wrong)
    bad = httpx.Response(good.status_code, request=sent, content=good.content)
    assert list(mismatches([good], contract)) == []
    assert list(mismatches([bad], contract)) != []


def with_place(
    exchanges: list[httpx.Response], path: str, place: tuple[str | int, ...]
) -> Iterator[tuple[httpx.Response, Any]]:
    """Find the reads of a path that have something at the place to be corrupted."""
    for response in exchanges:
        if path_of(response) == path and response.request.method == "GET" and response.status_code == 200:
            reached = response.json()
            with suppress(KeyError, IndexError, TypeError):
                for key in place[:-1]:
                    reached = reached[key]
                yield response, response.json()


def strict_mismatches(exchanges: list[httpx.Response]) -> Iterator[str]:
    for response in exchanges:
        if response.request.method == "GET" and response.status_code == 200:
            for pattern, schema in STRICT.items():
                if re.fullmatch(pattern, path_of(response)):
                    for error in jsonschema.Draft202012Validator(schema).iter_errors(response.json()):
                        yield f"{path_of(response)}: {error.message}"


def path_of(response: httpx.Response) -> str:
    return response.url.raw_path.decode().partition("?")[0].removeprefix("/api/v3")


def operation(response: httpx.Response) -> Operation:
    wanted = response.request.method
    return next(item for item in OPERATIONS if item.method == wanted and item.pattern.fullmatch(path_of(response)))


def mismatches(exchanges: list[httpx.Response], contract: OpenAPI) -> Iterator[str]:
    paths = json.loads(CONTRACT.read_text(encoding="utf-8"))["paths"]
    for response in exchanges:
        method, status = response.request.method, response.status_code
        if status >= 400:
            jsonschema.validate(response.json(), REFUSAL)
        template = operation(response).template.replace("+", "")
        for own, published in ALIASES.items():
            template = template.replace(own, published)
        if template in UNPUBLISHED or (template, status) in UNPUBLISHED_REFUSALS:
            continue
        if str(status) not in paths[template][method.lower()]["responses"]:
            if status not in UNDECLARED_STATUSES:
                yield f"{method} {template} answered {status}, which the contract does not declare"
            continue
        try:
            exchanged = published_exchange(response, template)
            if response.is_success and (method, template) not in UNPUBLISHED_REQUESTS:
                contract.validate_request(exchanged[0])
            contract.validate_response(*exchanged)
        except OpenAPIError as error:
            yield f"{method} {template} {status}: {error!r} {getattr(error.__cause__, 'schema_errors', '')}"


def published_exchange(response: httpx.Response, template: str) -> tuple[MockRequest, MockResponse]:
    """Give the exchange with each path parameter in one segment, which is all that OpenAPI knows."""
    found = operation(response).pattern.fullmatch(path_of(response))
    assert found
    names = {"owner": "mano-app", "repo": "mano", **found.groupdict()}
    path = re.sub(r"\{(\w+)}", lambda name: quote(unquote(names[name[1]]), safe=""), template)
    method = response.request.method.lower()
    sent = response.request.content or None
    request = MockRequest("https://api.github.com", method, path, args=dict(response.url.params), data=sent)
    return request, MockResponse(response.content, response.status_code, content_type="application/json")
