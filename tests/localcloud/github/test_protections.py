from typing import Any

P = "/repos/mano-app/mano/branches/main/protection"
UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature."
CREATE = (
    "mutation($input:CreateBranchProtectionRuleInput!)"
    "{createBranchProtectionRule(input:$input){branchProtectionRule{id}}}"
)


def protect(github: Any, **rule: Any) -> Any:
    repository = github("GET", "/repos/mano-app/mano").json()["node_id"]
    return github.query(CREATE, input={"repositoryId": repository, "pattern": "main", **rule})


def test_the_rest_view_has_every_part_of_a_rule(github: Any) -> None:
    bob = github.query('{user(login:"bob"){id}}')["data"]["user"]["id"]
    flags = (
        "isAdminEnforced", "requiresCommitSignatures", "requiresLinearHistory", "allowsForcePushes", "allowsDeletions",
        "blocksCreations", "requiresConversationResolution", "lockBranch", "lockAllowsFetchAndMerge",
        "requiresApprovingReviews", "dismissesStaleReviews", "requiresCodeOwnerReviews", "requireLastPushApproval",
        "restrictsReviewDismissals", "requiresStatusChecks", "requiresStrictStatusChecks", "restrictsPushes",
    )  # fmt: skip
    made = protect(
        github,
        **dict.fromkeys(flags, True),
        requiredApprovingReviewCount=2,
        requiredStatusChecks=[{"context": "release-source", "appId": "A_kgDOAAAAADwI"}, {"context": "tests"}],
        pushActorIds=[bob],
        reviewDismissalActorIds=[bob],
        bypassPullRequestActorIds=[bob],
    )
    assert "errors" not in made
    shown = github("GET", P).json()
    on = (
        "enforce_admins", "required_signatures", "required_linear_history", "allow_force_pushes", "allow_deletions",
        "block_creations", "required_conversation_resolution", "lock_branch", "allow_fork_syncing",
    )  # fmt: skip
    assert {name: shown[name]["enabled"] for name in on} == dict.fromkeys(on, True)
    checks = shown["required_status_checks"]
    assert (checks["strict"], checks["enforcement_level"]) == (True, "everyone")
    assert checks["checks"] == [{"context": "release-source", "app_id": 15368}, {"context": "tests", "app_id": None}]
    reviews = shown["required_pull_request_reviews"]
    assert reviews["required_approving_review_count"] == 2
    assert all(reviews[name] for name in ("dismiss_stale_reviews", "require_code_owner_reviews"))
    assert reviews["require_last_push_approval"] is True
    for part in (reviews["dismissal_restrictions"], reviews["bypass_pull_request_allowances"], shown["restrictions"]):
        assert [user["login"] for user in part["users"]] == ["bob"]
    parts = ("enforce_admins", "required_signatures", "required_status_checks", "required_pull_request_reviews")
    for name in (*parts, "restrictions"):
        assert github("GET", f"{P}/{name}").json() == shown[name]


def test_a_part_that_is_not_set_is_none(github: Any) -> None:
    protect(github)
    assert github("GET", f"{P}/restrictions").json()["message"] == "Push restrictions not enabled"
    assert github("GET", f"{P}/required_status_checks").json()["message"] == "Required status checks not enabled"
    assert github("GET", f"{P}/required_pull_request_reviews").status_code == 404
    assert github("GET", f"{P}/enforce_admins").json()["enabled"] is False


def test_protection_of_a_private_repository_needs_a_plan(github: Any) -> None:
    github.service.set_plan("mano-app", "free")
    refused = github("GET", P)
    assert (refused.status_code, refused.json()["message"]) == (403, UPGRADE)
    (error,) = protect(github)["errors"]
    assert (error["type"], error["message"]) == ("FORBIDDEN", UPGRADE)
    github("PATCH", "/repos/mano-app/mano", {"private": False})
    assert "errors" not in protect(github)
    assert github("GET", P).status_code == 200


def test_a_rule_has_a_pattern(github: Any) -> None:
    assert protect(github, pattern="")["errors"][0]["type"] == "UNPROCESSABLE"
