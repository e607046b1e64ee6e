"""The documents that the GitHub plugin sends, word for word, and what GitHub answers to them."""

from typing import Any

import pytest

R = "/repos/mano-app/mano"
FLAGS = (
    "allowsDeletions,allowsForcePushes,blocksCreations,dismissesStaleReviews,isAdminEnforced,lockBranch,"
    "requireLastPushApproval,requiresApprovingReviews,requiresCodeOwnerReviews,requiresCommitSignatures,"
    "requiresConversationResolution,requiresLinearHistory,requiresStatusChecks,requiresStrictStatusChecks,"
    "restrictsPushes,restrictsReviewDismissals"
)
ACTORS = "nodes{actor{... on App{id,name,slug},... on Team{id,name,slug},... on User{id,name,login}}}"
NODE = "query($id:ID!){node(id:$id){id}}"
REPOSITORY = "query($name:String!$owner:String!){repository(owner:$owner, name:$name){id}}"
USER = "query($user:String!){user(login: $user){id}}"
TEAM = "query($organization:String!$slug:String!){organization(login: $organization){team(slug: $slug){id}}}"
CREATE = (
    "mutation($input:CreateBranchProtectionRuleInput!){createBranchProtectionRule(input: $input)"
    "{branchProtectionRule{id}}}"
)
UPDATE = (
    "mutation($input:UpdateBranchProtectionRuleInput!){updateBranchProtectionRule(input: $input)"
    "{branchProtectionRule{id}}}"
)
DELETE = (
    "mutation($input:DeleteBranchProtectionRuleInput!){deleteBranchProtectionRule(input: $input){clientMutationId}}"
)
READ = (
    "query($id:ID!){node(id: $id){... on BranchProtectionRule{repository{id,name},"
    f"pushAllowances(first: 100){{{ACTORS}}},reviewDismissalAllowances(first: 100){{{ACTORS}}},"
    f"bypassForcePushAllowances(first: 100){{{ACTORS}}},bypassPullRequestAllowances(first: 100){{{ACTORS}}},"
    f"{FLAGS},id,pattern,requiredApprovingReviewCount,requiredStatusCheckContexts}}}}}}"
)
LIST = (
    "query($first:Int!$id:ID!$cursor:String){node(id: $id){... on Repository{branchProtectionRules(first: $first, "
    "after: $cursor){nodes{id,pattern},pageInfo{startCursor,endCursor,hasNextPage,hasPreviousPage}},id}}}"
)


def repository_id(github: Any) -> str:
    found: str = github.query(REPOSITORY, owner="mano-app", name="mano")["data"]["repository"]["id"]
    return found


def rule(github: Any, pattern: str, **more: Any) -> dict[str, Any]:
    lists = ("bypassPullRequestActorIds", "bypassForcePushActorIds", "requiredStatusCheckContexts")
    return {
        "repositoryId": repository_id(github),
        "pattern": pattern,
        **dict.fromkeys(FLAGS.split(","), False),
        **{name: [] for name in lists},
        "pushActorIds": None,
        "reviewDismissalActorIds": None,
        "requiredApprovingReviewCount": 0,
        **more,
    }


def create(github: Any, pattern: str, **more: Any) -> str:
    answer = github.query(CREATE, input=rule(github, pattern, **more))
    found: str = answer["data"]["createBranchProtectionRule"]["branchProtectionRule"]["id"]
    return found


def test_one_id_by_rest_and_graphql(github: Any) -> None:
    assert repository_id(github) == github("GET", R).json()["node_id"]
    user = github.query(USER, user="bob")["data"]["user"]["id"]
    assert user == github("GET", "/users/bob").json()["node_id"]
    team = github.query(TEAM, organization="mano-app", slug="core")["data"]["organization"]["team"]["id"]
    assert team == github("GET", "/orgs/mano-app/teams/core").json()["node_id"]
    assert github.query(NODE, id=team) == {"data": {"node": {"id": team}}}
    assert github.query("{viewer{login}}") == {"data": {"viewer": {"login": "ada"}}}


def test_a_rule_reads_back_as_it_was_written(github: Any) -> None:
    bob = github.query(USER, user="bob")["data"]["user"]["id"]
    core = github.query(TEAM, organization="mano-app", slug="core")["data"]["organization"]["team"]["id"]
    identifier = create(
        github,
        "main",
        isAdminEnforced=True,
        restrictsPushes=True,
        pushActorIds=[bob, core],
        requiresStatusChecks=True,
        requiredStatusCheckContexts=["backend-tests"],
        requiresApprovingReviews=True,
        requiredApprovingReviewCount=1,
    )
    read = github.query(READ, id=identifier)
    assert "errors" not in read
    node = read["data"]["node"]
    assert {name for name in FLAGS.split(",") if node[name]} == {
        "isAdminEnforced",
        "restrictsPushes",
        "requiresStatusChecks",
        "requiresApprovingReviews",
    }
    assert node["pushAllowances"]["nodes"] == [
        {"actor": {"id": bob, "name": None, "login": "bob"}},
        {"actor": {"id": core, "name": "core", "slug": "core"}},
    ]
    assert node["repository"] == {"id": repository_id(github), "name": "mano"}
    assert node["requiredStatusCheckContexts"] == ["backend-tests"]
    rest = github("GET", f"{R}/branches/main/protection").json()
    assert rest["required_status_checks"]["contexts"] == ["backend-tests"]
    assert rest["required_pull_request_reviews"]["required_approving_review_count"] == 1
    assert [user["login"] for user in rest["restrictions"]["users"]] == ["bob"]
    assert [team["slug"] for team in rest["restrictions"]["teams"]] == ["core"]
    assert rest["enforce_admins"]["enabled"] is True


def test_a_rule_changes_and_goes(github: Any) -> None:
    identifier = create(github, "main")
    changed = {key: value for key, value in rule(github, "release").items() if key != "repositoryId"}
    github.query(UPDATE, input=changed | {"branchProtectionRuleId": identifier, "lockBranch": True})
    node = github.query(READ, id=identifier)["data"]["node"]
    assert (node["pattern"], node["lockBranch"]) == ("release", True)
    assert github.query(DELETE, input={"branchProtectionRuleId": identifier}) == {
        "data": {"deleteBranchProtectionRule": {"clientMutationId": None}}
    }
    gone = github.query(READ, id=identifier)
    assert gone["data"] == {"node": None}
    assert gone["errors"][0]["message"] == f"Could not resolve to a node with the global id of '{identifier}'"
    assert gone["errors"][0]["type"] == "NOT_FOUND"


def test_the_rules_come_in_pages(github: Any) -> None:
    rules = [create(github, pattern) for pattern in ("main", "staging", "release/*")]
    first = github.query(LIST, id=repository_id(github), first=2)["data"]["node"]["branchProtectionRules"]
    assert [node["id"] for node in first["nodes"]] == rules[:2]
    assert first["pageInfo"]["hasNextPage"] is True
    cursor = first["pageInfo"]["endCursor"]
    second = github.query(LIST, id=repository_id(github), first=2, cursor=cursor)["data"]["node"]
    assert [node["id"] for node in second["branchProtectionRules"]["nodes"]] == rules[2:]
    assert second["branchProtectionRules"]["pageInfo"]["hasPreviousPage"] is True


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "Name already protected: main"),
        ({"pattern": "x", "pushActorIds": ["U_unknown"]}, "global id of 'U_unknown'"),
        ({"pattern": "x", "requiredApprovingReviewCount": 7}, "between 0 and 6"),
        ({"pattern": "x", "repositoryId": "R_unknown"}, "global id of 'R_unknown'"),
    ],
)
def test_a_rule_that_github_does_not_take(github: Any, wrong: dict[str, Any], message: str) -> None:
    create(github, "main")
    refused = github.query(CREATE, input=rule(github, "main") | wrong)
    assert refused["data"] == {"createBranchProtectionRule": None}
    assert message in refused["errors"][0]["message"]
    listed = github.query(LIST, id=repository_id(github), first=10)["data"]["node"]["branchProtectionRules"]["nodes"]
    assert [node["pattern"] for node in listed] == ["main"]


def test_a_check_is_bound_to_its_app(github: Any) -> None:
    checks = [{"context": "release-source", "appId": "A_kgDOAAAAADwI"}, {"context": "free"}]
    identifier = create(github, "main", requiresStatusChecks=True, requiredStatusChecks=checks)
    document = "query($id:ID!){node(id:$id){... on BranchProtectionRule{requiredStatusChecks{context app{slug}}}}}"
    read = github.query(document, id=identifier)["data"]["node"]["requiredStatusChecks"]
    assert read == [
        {"context": "release-source", "app": {"slug": "github-actions"}},
        {"context": "free", "app": None},
    ]
    rest = github("GET", f"{R}/branches/main/protection").json()["required_status_checks"]["checks"]
    assert rest == [{"context": "release-source", "app_id": 15368}, {"context": "free", "app_id": None}]


@pytest.mark.parametrize(
    "case",
    [
        ("main", "main", True),
        ("release/*", "release/1", True),
        ("release/*", "release/1/2", False),
        ("release/**/*", "release/1/2", True),
        ("ma?n", "main", True),
        ("m", "main", False),
    ],
)
def test_a_pattern_matches_as_github_documents_it(github: Any, case: tuple[str, str, bool]) -> None:
    pattern, branch, protected = case
    create(github, pattern)
    sha = github("GET", f"{R}/git/ref/heads/main").json()["object"]["sha"]
    github("POST", f"{R}/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
    shown = {item["name"]: item["protected"] for item in github("GET", f"{R}/branches").json()}
    assert shown[branch] is protected


def test_an_object_that_does_not_exist_is_named(github: Any) -> None:
    for document, variables, message in (
        (
            REPOSITORY,
            {"owner": "mano-app", "name": "no"},
            "Could not resolve to a Repository with the name 'mano-app/no'.",
        ),
        (USER, {"user": "no"}, "Could not resolve to a User with the login of 'no'."),
        (NODE, {"id": "R_no"}, "Could not resolve to a node with the global id of 'R_no'"),
    ):
        answer = github.query(document, **variables)
        assert list(answer["data"].values()) == [None]
        assert answer["errors"][0]["message"] == message


def test_a_field_that_is_not_implemented_is_an_error_that_names_it(github: Any) -> None:
    known = github.query('{repository(owner:"mano-app",name:"mano"){id diskUsage}}')
    assert known["errors"][0]["message"] == "Repository.diskUsage is not implemented by the local cloud"
    beyond = github.query('{repository(owner:"mano-app",name:"mano"){issues(first:1){totalCount}}}')
    assert "beyond" in beyond["errors"][0]["message"]
    assert "data" not in beyond
