"""What tokens may do: permissions of fine-grained and workflow tokens, and the roles of whom they act as."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localcloud.github.catalogue import OPERATIONS
from localcloud.github.permissions import NAMES, accepted_permissions, alternatives
from localcloud.github.seed import GitHubSeed
from localcloud.github.tokens import PROFILES, WantedToken
from tests.localcloud.github.conftest import seeded
from tests.localcloud.github.work_tree import WorkTree, clone

R = "/repos/mano-app/mano"
E = f"{R}/environments/production"
BY_TOKEN = "Resource not accessible by personal access token"
BY_APP = "Resource not accessible by integration"
RULES = '{repository(owner:"mano-app",name:"mano"){name branchProtectionRules(first:9){nodes{pattern}}}}'
# Reads that an audit makes, and what each profile is told. GitHub answers 404 for a private repository that a token
# does not reach, and 403 for a part of one that it reaches without the permission (docs.github.com, "Troubleshooting
# the REST API"; renovatebot/renovate#23885 for branch protection).
AUDIT = {
    R: {"full": 200, "no-administration": 200, "no-secrets": 200, "read-only": 200, "none": 404},
    f"{R}/branches/main/protection": {
        "full": 200, "no-administration": 403, "no-secrets": 200, "read-only": 200, "none": 404,
    },
    f"{R}/rulesets": {"full": 200, "no-administration": 200, "no-secrets": 200, "read-only": 200, "none": 404},
    f"{R}/environments": {"full": 200, "no-administration": 200, "no-secrets": 200, "read-only": 200, "none": 404},
    f"{E}/secrets": {"full": 200, "no-administration": 200, "no-secrets": 403, "read-only": 200, "none": 404},
    f"{E}/variables": {"full": 200, "no-administration": 200, "no-secrets": 403, "read-only": 200, "none": 404},
    f"{R}/actions/secrets": {"full": 200, "no-administration": 200, "no-secrets": 403, "read-only": 200, "none": 404},
    f"{R}/keys": {"full": 200, "no-administration": 403, "no-secrets": 200, "read-only": 200, "none": 404},
    "/orgs/mano-app/members": {
        "full": 200, "no-administration": 200, "no-secrets": 200, "read-only": 200, "none": 403,
    },
}  # fmt: skip


@pytest.fixture
def seed() -> GitHubSeed:
    return seeded(users=("ada", "bob", "cyn"), environments=("production",), protected_branches=("main",))


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_reads_what_its_permissions_let_it(github: Any, profile: Any) -> None:
    token = github.user("ada", profile=profile)
    for path, expected in AUDIT.items():
        answer = token("GET", path)
        assert answer.status_code == expected[profile], f"{path}: {answer.text}"
        if answer.status_code == 403:
            assert answer.json()["message"] == BY_TOKEN
        if answer.status_code == 404:
            assert answer.json()["message"] == "Not Found"


def test_a_token_that_only_reads_writes_nothing(github: Any, stored: Any) -> None:
    token, before = github.user("ada", profile="read-only"), stored()
    sealed = token.seal(f"{E}/secrets", "x")
    for method, path, body in (
        ("PATCH", R, {"description": "changed"}),
        ("PUT", E, {}),
        ("PUT", f"{E}/secrets/TOKEN", sealed),
        ("POST", f"{R}/labels", {"name": "x", "color": "000000"}),
        ("POST", f"{R}/git/refs", {"ref": "refs/heads/x", "sha": "0" * 40}),
        ("DELETE", E, None),
    ):
        refused = token(method, path, body)
        assert (refused.status_code, refused.json()["message"]) == (403, BY_TOKEN)
    assert stored()["repositories"] == before["repositories"]


def test_every_answer_says_which_permission_is_needed(github: Any) -> None:
    for path, accepted in (
        (R, "metadata=read"),
        (f"{R}/branches/main/protection", "administration=read"),
        (f"{E}/secrets", "environments=read"),
        (f"{R}/labels", "issues=read; pull_requests=read"),
        ("/user", "allows_permissionless_access=true"),
    ):
        assert github("GET", path).headers["X-Accepted-GitHub-Permissions"] == accepted
    refused = github.user("ada", profile="no-secrets")("GET", f"{E}/secrets")
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "environments=read"


def test_every_operation_has_its_permission() -> None:
    for operation in OPERATIONS:
        for one in alternatives(accepted_permissions(operation.method, operation.template)):
            assert one.keys() <= NAMES
            assert (
                "write" not in one.values() or operation.method != "GET" or operation.template == "/orgs/{org}/rulesets"
            )


def test_either_of_two_permissions_is_enough_where_github_says_so(github: Any) -> None:
    for permission in ("issues", "pull_requests"):
        token = github.user("ada", permissions={permission: "write"})
        assert token("POST", f"{R}/labels", {"name": permission, "color": "000000"}).status_code == 201
    assert github.user("ada", permissions={"contents": "write"})("GET", f"{R}/labels").status_code == 403


def test_a_workflow_s_token_is_an_integration(github: Any) -> None:
    token = github.app("github-actions", permissions={"contents": "read", "pull-requests": "write"})
    assert token("GET", f"{R}/branches").status_code == 200
    refused = token("GET", f"{R}/branches/main/protection")
    assert (refused.status_code, refused.json()["message"]) == (403, BY_APP)
    assert token("GET", f"{E}/secrets").json()["message"] == BY_APP
    for beyond in ("administration", "secrets", "environments", "variables", "members"):
        with pytest.raises(ValueError, match="a workflow's token can't hold"):
            WantedToken(app="github-actions", permissions={beyond: "read"})


def test_a_token_for_other_repositories_does_not_see_a_private_one(github: Any) -> None:
    token = github.user("ada", profile="full", repositories=["mano-app/other"])
    assert token("GET", R).status_code == 404
    assert token.query(RULES)["errors"][0]["type"] == "NOT_FOUND"
    assert github.user("ada", profile="full", repositories=["Mano-App/mano"])("GET", R).status_code == 200
    github("PATCH", R, {"private": False})
    assert token("GET", R).status_code == 200
    assert token("GET", f"{R}/branches").status_code == 200
    assert token("GET", f"{R}/actions/secrets").status_code == 403


def test_a_token_that_expired_or_was_revoked_is_no_credential(start: Any, seed: GitHubSeed) -> None:
    time = datetime(2030, 1, 1, tzinfo=UTC)
    github = start(seed, clock=lambda: time)
    lasting = github.user("ada", profile="full")
    brief = github.user("ada", profile="full", expires_at=time + timedelta(hours=1))
    assert brief("GET", R).headers["GitHub-Authentication-Token-Expiration"] == "2030-01-01 01:00:00 UTC"
    time += timedelta(hours=1)
    assert brief("GET", R).status_code == 401
    assert lasting("GET", R).status_code == 200
    github.service.revoke_token(lasting.token)
    assert lasting("GET", R).json()["message"] == "Bad credentials"
    assert github("GET", R).status_code == 200


def test_no_token_is_in_the_state(github: Any, stored: Any) -> None:
    token = github.user("ada", profile="full")
    token("GET", R)
    assert token.token not in str(stored())


def test_graphql_tells_branch_protection_only_with_administration(github: Any) -> None:
    assert github.user("ada", profile="read-only").query(RULES)["data"]["repository"]["branchProtectionRules"]["nodes"]
    refused = github.user("ada", profile="no-administration").query(RULES)
    assert [(error["type"], error["message"], error["path"]) for error in refused["errors"]] == [
        ("FORBIDDEN", BY_TOKEN, ["repository", "branchProtectionRules"])
    ]
    integration = github.app("github-actions", permissions={"contents": "write"}).query(RULES)
    assert integration["errors"][0]["message"] == BY_APP
    assert github.user("ada", profile="none").query(RULES)["errors"][0]["type"] == "NOT_FOUND"
    assert github.user("bob").query(RULES)["errors"][0]["type"] == "FORBIDDEN"


def test_graphql_changes_branch_protection_only_with_administration(github: Any) -> None:
    identifier = github("GET", R).json()["node_id"]
    create = (
        "mutation($input:CreateBranchProtectionRuleInput!)"
        "{createBranchProtectionRule(input:$input){branchProtectionRule{id}}}"
    )
    wanted = {"repositoryId": identifier, "pattern": "release/*"}
    for refused in (github.user("ada", profile="read-only"), github.user("bob")):
        assert refused.query(create, input=wanted)["errors"][0]["type"] == "FORBIDDEN"
    made = github.query(create, input=wanted)["data"]["createBranchProtectionRule"]["branchProtectionRule"]["id"]
    read = "query($id:ID!){node(id:$id){... on BranchProtectionRule{pattern}}}"
    assert github.user("ada", profile="no-administration").query(read, id=made)["errors"][0]["type"] == "FORBIDDEN"
    delete = (
        "mutation($input:DeleteBranchProtectionRuleInput!){deleteBranchProtectionRule(input:$input){clientMutationId}}"
    )
    assert "errors" in github.user("bob").query(delete, input={"branchProtectionRuleId": made})
    assert "errors" not in github.query(delete, input={"branchProtectionRuleId": made})


def test_graphql_tells_a_team_only_to_who_may_see_the_organisation_s_people(github: Any) -> None:
    query = '{organization(login:"mano-app"){team(slug:"core"){slug}}}'
    assert github.user("bob", permissions={"members": "read"}).query(query)["data"]["organization"]["team"]
    assert github.user("bob", permissions={"contents": "read"}).query(query)["errors"][0]["type"] == "FORBIDDEN"
    assert github.user("eve").query(query)["errors"][0]["type"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("read", {"read": 200, "push": 403, "label": 403, "administer": 403, "protection": 404, "secrets": 403}),
        ("triage", {"read": 200, "push": 403, "label": 403, "administer": 403, "protection": 404, "secrets": 403}),
        ("write", {"read": 200, "push": 201, "label": 201, "administer": 403, "protection": 404, "secrets": 200}),
        ("maintain", {"read": 200, "push": 201, "label": 201, "administer": 403, "protection": 404, "secrets": 200}),
        ("admin", {"read": 200, "push": 201, "label": 201, "administer": 200, "protection": 200, "secrets": 200}),
    ],
)
def test_a_role_bounds_what_a_token_may_do(start: Any, role: str, expected: dict[str, int]) -> None:
    github = start(seeded(base_role="none", roles={"eve": role}, protected_branches=("main",)))
    eve = github.user("eve", profile="full")
    sha = github("GET", f"{R}/git/ref/heads/main").json()["object"]["sha"]
    answers = {
        "read": eve("GET", R),
        "push": eve("POST", f"{R}/git/refs", {"ref": "refs/heads/x", "sha": sha}),
        "label": eve("POST", f"{R}/labels", {"name": "x", "color": "000000"}),
        "administer": eve("PUT", E, {}),
        "protection": eve("GET", f"{R}/branches/main/protection"),
        "secrets": eve("GET", f"{R}/actions/secrets"),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == expected
    shown = github("GET", f"{R}/collaborators/eve/permission").json()
    assert (shown["role_name"], shown["permission"]) == (
        role,
        {"triage": "read", "maintain": "write"}.get(role, role),
    )
    assert eve("GET", R).json()["permissions"]["admin"] is (role == "admin")


def test_a_role_comes_from_a_team_or_from_the_organisation(start: Any) -> None:
    github = start(seeded(users=("ada", "bob", "cyn"), teams={"core": ("bob",)}, base_role="none", team_role="triage"))
    roles = {
        login: github("GET", f"{R}/collaborators/{login}/permission").json()["role_name"]
        for login in ("ada", "bob", "cyn")
    }
    assert roles == {"ada": "admin", "bob": "triage", "cyn": "none"}
    assert github.user("cyn")("GET", R).status_code == 404
    github("PUT", "/orgs/mano-app/teams/core/repos/mano-app/mano", {"permission": "maintain"})
    github("PUT", f"{R}/collaborators/cyn", {"permission": "pull"})
    assert github("GET", f"{R}/collaborators/bob/permission").json()["role_name"] == "maintain"
    assert github.user("cyn")("GET", R).status_code == 200


def test_a_stranger_sees_a_private_repository_as_little_as_none(github: Any) -> None:
    stranger = github.user("eve")
    for path in (R, f"{R}/labels", f"{E}/secrets", "/repos/mano-app/other"):
        assert stranger("GET", path).json()["message"] == "Not Found"
    assert stranger("GET", "/orgs/mano-app/teams").status_code == 404
    github("PATCH", R, {"private": False})
    assert stranger("GET", R).status_code == 200
    assert stranger("PATCH", R, {"private": True}).status_code == 403


def test_what_takes_more_than_reading_is_not_in_the_repository_s_answer(github: Any) -> None:
    def told(client: Any) -> tuple[bool, bool]:
        shown = client("GET", R).json()
        return "security_and_analysis" in shown, "delete_branch_on_merge" in shown

    assert told(github) == (True, True)
    assert told(github.user("bob")) == (False, True)
    assert told(github.user("ada", permissions={"contents": "read"})) == (False, False)
    assert told(github.user("ada", permissions={"administration": "read"})) == (True, False)


def test_the_plan_is_told_to_owners_whose_token_may_know(github: Any) -> None:
    assert github("GET", "/orgs/mano-app").json()["plan"]["name"] == "enterprise"
    assert "plan" in github.user("ada", permissions={"organization_plan": "read"})("GET", "/orgs/mano-app").json()
    for other in (github.user("bob"), github.user("ada", permissions={"contents": "read"})):
        assert "plan" not in other("GET", "/orgs/mano-app").json()


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({}, "give either login or app"),
        ({"login": "ada", "app": "x"}, "give either login or app"),
        ({"login": "ada", "permissions": {"everything": "write"}}, "unknown: everything"),
        ({"login": "ada", "permissions": {}, "profile": "none"}, "give either permissions or profile"),
    ],
)
def test_a_token_that_github_would_not_issue(wanted: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        WantedToken(**wanted)


def test_git_takes_the_permission_for_contents(github: Any, tmp_path: Path) -> None:
    def clone_of(name: str, client: Any) -> WorkTree:
        return clone(client, tmp_path / name)

    reader = clone_of("reader", github.user("bob", permissions={"contents": "read"}))
    reader.commit()
    refused = reader.run("push", "origin", "HEAD:refs/heads/read")
    assert (refused.returncode, "Permission to mano-app/mano.git denied to bob" in refused.stderr) == (128, True)
    writer = clone_of("writer", github.user("bob", permissions={"contents": "write"}))
    writer.commit()
    writer.git("push", "--quiet", "origin", "HEAD:refs/heads/written")
    branches = {branch["name"] for branch in github("GET", f"{R}/branches").json()}
    assert branches == {"main", "written"}
    for stranger in (github.user("bob", permissions={"issues": "write"}), github.user("eve")):
        with pytest.raises(AssertionError, match=r"denied|not found"):
            clone_of(f"stranger-{stranger.token}", stranger)


def test_a_workflow_is_pushed_only_with_the_permission_for_workflows(github: Any, tmp_path: Path) -> None:
    path = ".github/workflows/ci.yml"
    refused = clone(github.user("bob", permissions={"contents": "write"}), tmp_path / "refused")
    refused.commit(path, "on: push")
    told = refused.run("push", "origin", "HEAD:refs/heads/other")
    assert f"create or update workflow `{path}` without `workflow` scope" in told.stderr
    by_app = clone(github.app("github-actions", permissions={"contents": "write"}), tmp_path / "by-app")
    by_app.commit(path, "on: push")
    assert "refusing to allow a GitHub App" in by_app.run("push", "origin", "HEAD:refs/heads/other").stderr
    allowed = clone(github.user("bob", permissions={"contents": "write", "workflows": "write"}), tmp_path / "allowed")
    allowed.commit(path, "on: push")
    allowed.git("push", "--quiet", "origin", "HEAD:refs/heads/other")
    refused.git("fetch", "--quiet")
    refused.git("reset", "--quiet", "--hard", "origin/other")
    refused.commit("file")
    refused.git("push", "--quiet", "origin", "HEAD:refs/heads/other")


def test_a_default_branch_is_renamed_only_with_administration(github: Any) -> None:
    for refused in (github.user("ada", permissions={"contents": "write"}), github.user("bob")):
        assert refused("POST", f"{R}/branches/main/rename", {"new_name": "trunk"}).status_code == 403
    assert github("POST", f"{R}/branches/main/rename", {"new_name": "trunk"}).status_code == 201


def test_graphql_tells_and_changes_pull_requests_only_with_their_permission(github: Any) -> None:
    query = '{repository(owner:"mano-app",name:"mano"){pullRequest(number:1){title}}}'
    assert github.user("bob", permissions={"contents": "read"}).query(query)["errors"][0]["type"] == "FORBIDDEN"
    assert github.user("bob", permissions={"pull_requests": "read"}).query(query)["errors"][0]["type"] == "NOT_FOUND"
