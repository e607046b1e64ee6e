"""Pull requests from a push to the merge, and what GitHub refuses on the way."""

from pathlib import Path
from typing import Any

import pytest

from localcloud.github.seed import GitHubSeed
from localcloud.github.tokens import GitHubToken
from tests.localcloud.github.work_tree import R, WorkTree, clone, protect, rule

P = f"{R}/pulls"
ACTIONS = {"context": "release-source", "integration_id": 15368}


@pytest.fixture
def seed() -> GitHubSeed:
    return GitHubSeed(
        tokens=(GitHubToken("ghp_seeded", "ada"),),
        owner="mano-app",
        repository="mano",
        users=("ada", "bob", "cleo"),
        teams={"core": ("cleo",)},
    )


@pytest.fixture
def tree(github: Any, tmp_path: Path) -> WorkTree:
    """What bob works in."""
    return clone(github.user("bob"), tmp_path / "work")


def propose(github: Any, tree: WorkTree, branch: str = "feature", base: str = "main", **files: str) -> str:
    """Push a commit to a new branch as bob, and open a pull request; give its path."""
    tree.git("switch", "--quiet", "--create", branch, f"origin/{base}")
    for path, text in (files or {branch: "text"}).items():
        tree.commit(path, text)
    tree.git("push", "--quiet", "origin", branch)
    wanted = {"title": f"Add {branch}", "head": branch, "base": base, "body": "Why"}
    opened = github.user("bob")("POST", P, wanted)
    assert opened.status_code == 201, opened.text
    return f"{P}/{opened.json()['number']}"


def approve(github: Any, path: str, login: str = "cleo") -> Any:
    return github.user(login)("POST", f"{path}/reviews", {"event": "APPROVE"})


def merge(github: Any, path: str, **how: Any) -> tuple[int, str]:
    answer = github("PUT", f"{path}/merge", how)
    return answer.status_code, answer.json()["message"]


def report(github: Any, sha: str, name: str, conclusion: str = "success", app: str = "github-actions") -> None:
    run = {"name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion}
    assert github.app(app)("POST", f"{R}/check-runs", run).status_code == 201


def head_of(github: Any, path: str) -> str:
    sha: str = github("GET", path).json()["head"]["sha"]
    return sha


def test_a_merge_is_a_real_commit_with_github_s_message(github: Any, tree: WorkTree) -> None:
    path = propose(github, tree)
    shown = github("GET", path).json()
    assert (shown["mergeable"], shown["mergeable_state"], shown["commits"], shown["changed_files"]) == (
        True,
        "clean",
        1,
        1,
    )
    merged = github("PUT", f"{path}/merge").json()
    tree.git("fetch", "--quiet")
    assert tree.git("rev-parse", "origin/main") == merged["sha"]
    assert tree.git("show", "--no-patch", "--format=%an|%cn|%B", "origin/main").strip() == (
        "ada|GitHub|Merge pull request #1 from mano-app/feature\n\nAdd feature"
    )
    assert tree.git("rev-parse", "origin/main^2") == shown["head"]["sha"]
    assert github("GET", f"{path}/merge").status_code == 204
    assert github("GET", path).json()["merged_by"]["login"] == "ada"


def test_a_squash_and_a_rebase_make_the_commits_that_github_makes(github: Any, tree: WorkTree) -> None:
    squashed = propose(github, tree, "one", a="1", b="2")
    assert merge(github, squashed, merge_method="squash") == (200, "Pull Request successfully merged")
    rebased = propose(github, tree, "two", c="3", d="4")
    github("POST", f"{R}/merges", {"base": "main", "head": "one"})
    assert merge(github, rebased, merge_method="rebase")[0] == 200
    tree.git("fetch", "--quiet")
    shown = tree.git("log", "--first-parent", "--max-count=4", "--format=%an %s", "origin/main").splitlines()
    assert shown == ["Ada Change d", "Ada Change c", "ada Merge one into main", "bob Add one (#1)"]
    assert (
        tree.git("log", "-1", "--skip=3", "--first-parent", "--format=%b", "origin/main") == "* Change a\n\n* Change b"
    )
    assert tree.git("rev-list", "--count", "--merges", "origin/main") == "1"


def test_the_pull_request_s_own_refs_can_be_fetched(github: Any, tree: WorkTree) -> None:
    path = propose(github, tree)
    tree.git("fetch", "--quiet", "origin", "refs/pull/1/head:head", "refs/pull/1/merge:merge")
    shown = github("GET", path).json()
    assert tree.git("rev-parse", "head", "merge").split() == [shown["head"]["sha"], shown["merge_commit_sha"]]
    told = tree.run("push", "origin", "HEAD:refs/pull/1/head")
    assert "! [remote rejected] HEAD -> refs/pull/1/head (deny updating a hidden ref)" in told.stderr


def test_a_conflict_cannot_be_merged(github: Any, tree: WorkTree) -> None:
    path = propose(github, tree, "one", file="one")
    other = propose(github, tree, "two", file="two")
    assert merge(github, other)[0] == 200
    shown = github("GET", path).json()
    assert (shown["mergeable"], shown["mergeable_state"]) == (False, "dirty")
    assert merge(github, path) == (405, "Pull Request is not mergeable")


def test_what_is_no_open_pull_request_with_this_head_is_not_merged(github: Any, tree: WorkTree) -> None:
    path = propose(github, tree)
    assert merge(github, path, sha="0" * 40) == (409, "Head branch was modified. Review and try the merge again.")
    github("PATCH", path, {"state": "closed"})
    assert merge(github, path) == (405, "Pull Request is not mergeable")
    draft = {"title": "x", "head": "feature", "base": "main", "draft": True}
    number = github("POST", P, draft).json()["number"]
    assert github("GET", f"{P}/{number}").json()["mergeable_state"] == "draft"
    assert merge(github, f"{P}/{number}") == (405, "Pull Request is still a draft")
    ready = "mutation($id:ID!){markPullRequestReadyForReview(input:{pullRequestId:$id}){pullRequest{isDraft state}}}"
    answer = github.query(ready, id=github("GET", f"{P}/{number}").json()["node_id"])
    assert answer["data"]["markPullRequestReadyForReview"]["pullRequest"] == {"isDraft": False, "state": "OPEN"}
    assert merge(github, f"{P}/{number}")[0] == 200


def test_a_way_to_merge_that_the_repository_or_a_ruleset_excludes(github: Any, tree: WorkTree) -> None:
    path = propose(github, tree)
    github("PATCH", R, {"allow_squash_merge": False})
    assert merge(github, path, merge_method="squash") == (405, "Squash merges are not allowed on this repository.")
    rule(github, {"type": "pull_request", "parameters": {"allowed_merge_methods": ["merge"]}})
    refused = merge(github, path, merge_method="rebase")
    assert refused == (
        405,
        "Repository rule violations found\n\nRebase merges are not allowed on this repository.\n\n",
    )
    assert merge(github, path)[0] == 200


def test_an_approval_of_somebody_else_with_write_access_is_needed(github: Any, tree: WorkTree) -> None:
    github("PATCH", R, {"private": False})
    protect(github, isAdminEnforced=True, requiresApprovingReviews=True, requiredApprovingReviewCount=1)
    path = propose(github, tree)
    missing = (405, "At least 1 approving review is required by reviewers with write access.")
    own = approve(github, path, "bob")
    assert (own.status_code, own.json()["errors"]) == (422, ["Review Can not approve your own pull request"])
    assert approve(github, path, "stranger").status_code == 200
    github.user("cleo")("POST", f"{path}/reviews", {"event": "COMMENT", "body": "Hm"})
    assert merge(github, path) == missing
    assert github("GET", path).json()["mergeable_state"] == "blocked"
    github.user("cleo")("POST", f"{path}/reviews", {"event": "REQUEST_CHANGES", "body": "No"})
    assert merge(github, path) == (405, "1 review requesting changes by reviewers with write access.")
    review = approve(github, path).json()["id"]
    assert github("GET", path).json()["mergeable_state"] == "clean"
    github("PUT", f"{path}/reviews/{review}/dismissals", {"message": "Too early"})
    assert merge(github, path) == missing
    approve(github, path)
    assert merge(github, path)[0] == 200


def test_an_approval_ends_with_a_push_that_changes_something(github: Any, tree: WorkTree) -> None:
    protect(
        github,
        isAdminEnforced=True,
        requiresApprovingReviews=True,
        requiredApprovingReviewCount=1,
        dismissesStaleReviews=True,
    )
    path = propose(github, tree)
    approve(github, path)
    tree.git("commit", "--quiet", "--allow-empty", "--message", "nothing")
    tree.git("push", "--quiet", "origin", "HEAD")
    assert github("GET", f"{path}/reviews").json()[0]["state"] == "APPROVED"
    tree.commit("more")
    tree.git("push", "--quiet", "origin", "HEAD")
    assert github("GET", f"{path}/reviews").json()[0]["state"] == "DISMISSED"
    assert merge(github, path)[0] == 405


def test_who_pushed_last_does_not_approve_that_push(github: Any, tree: WorkTree) -> None:
    wanted = {"required_approving_review_count": 1, "require_last_push_approval": True}
    rule(github, {"type": "pull_request", "parameters": wanted})
    path = propose(github, tree)
    tree.commit("more")
    tree.git("push", "--quiet", f"http://x:{github.user('cleo').token}@{github.host}/mano-app/mano.git", "feature")
    approve(github, path)
    refused = merge(github, path)
    assert refused[0] == 405
    assert "New changes require approval from someone other than the last pusher." in refused[1]
    approve(github, path, "ada")
    assert merge(github, path)[0] == 200


def test_what_the_reviews_come_to_is_told_by_graphql(github: Any, tree: WorkTree) -> None:
    path = propose(github, tree)
    query = '{repository(owner:"mano-app",name:"mano"){pullRequest(number:1){reviewDecision mergeable author{login}}}}'

    def decision() -> Any:
        shown = github.query(query)["data"]["repository"]["pullRequest"]
        assert (shown["mergeable"], shown["author"]["login"]) == ("MERGEABLE", "bob")
        return shown["reviewDecision"]

    assert decision() is None
    protect(github, isAdminEnforced=True, requiresApprovingReviews=True, requiredApprovingReviewCount=1)
    assert decision() == "REVIEW_REQUIRED"
    github.user("cleo")("POST", f"{path}/reviews", {"event": "REQUEST_CHANGES", "body": "No"})
    assert decision() == "CHANGES_REQUESTED"
    approve(github, path)
    assert decision() == "APPROVED"


def test_a_code_owner_of_the_base_has_to_agree(github: Any, tree: WorkTree) -> None:
    tree.commit(".github/CODEOWNERS", "/.github/ @mano-app/core\n/backend/ @stranger\n/other/ @nobody\n")
    assert github.user("stranger")("GET", "/user").status_code == 200
    tree.git("push", "--quiet", "origin", "main")
    protect(
        github,
        isAdminEnforced=True,
        requiresApprovingReviews=True,
        requiredApprovingReviewCount=1,
        requiresCodeOwnerReviews=True,
    )
    other = propose(github, tree, "other", **{"backend/x": "1", "other/x": "1"})
    path = propose(github, tree, "workflow", **{".github/workflows/x.yml": "1", ".github/CODEOWNERS": "* @bob"})
    assert [team["slug"] for team in github("GET", path).json()["requested_teams"]] == ["core"]
    for pull in (other, path):
        approve(github, pull, "ada")
    assert merge(github, other)[0] == 200
    assert merge(github, path) == (405, "Waiting on code owner review from mano-app/core.")
    approve(github, path, "cleo")
    assert github("GET", f"{path}/requested_reviewers").json() == {"users": [], "teams": []}
    assert merge(github, path)[0] == 200


def test_conversations_have_to_be_resolved(github: Any, tree: WorkTree) -> None:
    rule(github, {"type": "pull_request", "parameters": {"required_review_thread_resolution": True}})
    path = propose(github, tree)
    comment = {"body": "Why?", "commit_id": head_of(github, path), "path": "feature", "line": 1}
    assert github.user("cleo")("POST", f"{path}/comments", comment).status_code == 201
    refused = merge(github, path)
    sentence = "A conversation must be resolved before this pull request can be merged."
    assert refused == (405, f"Repository rule violations found\n\n{sentence}\n\n")
    threads = (
        '{repository(owner:"mano-app",name:"mano"){pullRequest(number:1){reviewDecision '
        "reviewThreads(first:9){nodes{id isResolved path comments(first:9){nodes{body author{login}}}}}}}}"
    )
    pull = github.query(threads)["data"]["repository"]["pullRequest"]
    (thread,) = pull["reviewThreads"]["nodes"]
    assert (thread["isResolved"], thread["comments"]["nodes"][0]["author"]["login"]) == (False, "cleo")
    resolve = "mutation($id:ID!){resolveReviewThread(input:{threadId:$id}){thread{isResolved resolvedBy{login}}}}"
    answer = github.query(resolve, id=thread["id"])["data"]["resolveReviewThread"]["thread"]
    assert answer == {"isResolved": True, "resolvedBy": {"login": "ada"}}
    assert merge(github, path)[0] == 200


def test_required_checks_have_to_succeed_and_to_come_from_their_app(github: Any, tree: WorkTree) -> None:
    checks = {"required_status_checks": [ACTIONS]}
    rule(github, {"type": "required_status_checks", "parameters": checks})
    path = propose(github, tree)
    sha = head_of(github, path)
    words = 'Repository rule violations found\n\nRequired status check "release-source" {}.\n\n'
    assert merge(github, path) == (405, words.format("is expected"))
    github.user("bob")("POST", f"{R}/statuses/{sha}", {"state": "success", "context": "release-source"})
    report(github, sha, "release-source", app="other-ci")
    assert merge(github, path) == (405, words.format("was not set by the expected GitHub app"))
    actions = github.app("github-actions")
    run = actions(
        "POST", f"{R}/check-runs", {"name": "release-source", "head_sha": sha, "status": "in_progress"}
    ).json()
    assert merge(github, path) == (405, words.format("is in progress"))
    actions("PATCH", f"{R}/check-runs/{run['id']}", {"conclusion": "failure"})
    assert merge(github, path) == (405, words.format("is failing"))
    report(github, sha, "release-source")
    assert merge(github, path)[0] == 200


def test_several_required_checks_are_counted(github: Any, tree: WorkTree) -> None:
    protect(
        github, isAdminEnforced=True, requiresStatusChecks=True, requiredStatusCheckContexts=["tests", "build", "lint"]
    )
    path = propose(github, tree)
    assert merge(github, path) == (405, "3 of 3 required status checks are expected.")
    report(github, head_of(github, path), "tests")
    report(github, head_of(github, path), "build", "failure")
    expected = "2 of 3 required status checks have not succeeded: 1 failing, 1 expected."
    assert merge(github, path) == (405, expected)


def test_the_head_has_to_be_up_to_date(github: Any, tree: WorkTree) -> None:
    protect(
        github,
        isAdminEnforced=True,
        requiresStatusChecks=True,
        requiresStrictStatusChecks=True,
        requiredStatusCheckContexts=["tests"],
    )
    paths = [propose(github, tree, "one"), propose(github, tree, "two")]
    for path in paths:
        report(github, head_of(github, path), "tests")
    assert merge(github, paths[0])[0] == 200
    assert github("GET", paths[1]).json()["mergeable_state"] == "behind"
    assert merge(github, paths[1]) == (409, "Head branch is out of date. Review and try the merge again.")
    assert github.user("bob")("PUT", f"{paths[1]}/update-branch").status_code == 202
    report(github, head_of(github, paths[1]), "tests")
    assert merge(github, paths[1])[0] == 200
    assert github("PUT", f"{paths[1]}/update-branch").status_code == 422


def test_only_who_may_push_merges(github: Any, tree: WorkTree) -> None:
    protect(github, restrictsPushes=True)
    path = propose(github, tree)
    refused = merge(github.user("bob"), path)
    assert refused[0] == 405
    assert refused[1].startswith("You're not authorized to push to this branch. Visit https://docs.github.com/")
    assert merge(github, path)[0] == 200


def test_an_administrator_whom_the_rule_does_not_bind_merges_anyway(github: Any, tree: WorkTree) -> None:
    protect(github, requiresApprovingReviews=True, requiredApprovingReviewCount=1)
    path = propose(github, tree)
    assert merge(github.user("bob"), path)[0] == 405
    assert merge(github, path)[0] == 200


def test_a_bypass_for_pull_requests_allows_merging_and_not_pushing(github: Any, tree: WorkTree, tmp_path: Path) -> None:
    rule(
        github,
        {"type": "pull_request", "parameters": {"required_approving_review_count": 1}},
        bypass_actors=[{"actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "pull_request"}],
    )
    path = propose(github, tree)
    own = clone(github, tmp_path / "own")
    own.commit("direct")
    assert "GH013: Repository rule violations found for refs/heads/main." in own.run("push").stderr
    assert merge(github.user("bob"), path)[0] == 405
    assert merge(github, path)[0] == 200


def test_merged_and_deleted_branches_close_what_depends_on_them(github: Any, tree: WorkTree) -> None:
    github("PATCH", R, {"delete_branch_on_merge": True})
    first = propose(github, tree, "one")
    stacked = propose(github, tree, "two", base="one")
    pushed = propose(github, tree, "three")
    assert merge(github, first)[0] == 200
    assert github("GET", f"{R}/branches/one").status_code == 404
    assert github("GET", stacked).json()["state"] == "closed"
    tree.git("fetch", "--quiet")
    tree.git("switch", "--quiet", "main")
    tree.git("merge", "--quiet", "--no-edit", "origin/main")
    tree.git("merge", "--quiet", "--no-edit", "three")
    tree.git("push", "--quiet", "origin", "main")
    shown = github("GET", pushed).json()
    assert (shown["merged"], shown["merged_by"]["login"]) == (True, "bob")


def test_a_fork_s_branch_is_proposed_and_followed(github: Any, tmp_path: Path) -> None:
    github("PATCH", R, {"allow_forking": True})
    bob = github.user("bob")
    assert bob("POST", f"{R}/forks", {}).status_code == 202
    tree = clone(bob, tmp_path / "fork", "bob/mano")
    tree.git("switch", "--quiet", "--create", "staging")
    tree.commit("foreign")
    tree.git("push", "--quiet", "origin", "staging")
    opened = bob("POST", P, {"title": "x", "head": "bob:staging", "base": "main"}).json()
    assert (opened["head"]["label"], opened["head"]["repo"]["full_name"]) == ("bob:staging", "bob/mano")
    second = tree.commit("foreign", "again")
    tree.git("push", "--quiet", "origin", "staging")
    path = f"{P}/{opened['number']}"
    assert head_of(github, path) == second
    assert [item["number"] for item in github("GET", f"{P}?head=bob:staging").json()] == [opened["number"]]
    assert merge(github, path)[0] == 200
    assert github.user("cleo")("GET", f"{R}/contents/foreign").json()["name"] == "foreign"
