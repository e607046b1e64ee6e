"""githubkit, which nobody here wrote, from a branch to its merge."""

from pathlib import Path
from typing import Any

import pytest
from githubkit import GitHub
from githubkit.exception import RequestFailed

from tests.localcloud.github.work_tree import clone, protect

HERE = ("mano-app", "mano")


def kit(client: Any) -> Any:
    return GitHub(client.token, base_url=f"{client.base}/api/v3/")


def test_a_change_goes_its_whole_way(github: Any, tmp_path: Path) -> None:
    protect(
        github,
        isAdminEnforced=True,
        requiresApprovingReviews=True,
        requiredApprovingReviewCount=1,
        requiresStatusChecks=True,
        requiredStatusCheckContexts=["tests"],
    )
    ada, bob, actions = (kit(client) for client in (github, github.user("bob"), github.app("github-actions")))
    main = bob.rest.git.get_ref(*HERE, ref="heads/main").parsed_data
    bob.rest.git.create_ref(*HERE, ref="refs/heads/feature", sha=main.object_.sha)
    tree = clone(github.user("bob"), tmp_path / "work")
    tree.git("switch", "--quiet", "feature")
    sha = tree.commit()
    tree.git("push", "--quiet", "origin", "feature")
    pull = bob.rest.pulls.create(*HERE, title="Add", head="feature", base="main").parsed_data
    named = (*HERE, pull.number)
    assert pull.mergeable_state == "blocked"
    with pytest.raises(RequestFailed) as refused:
        ada.rest.pulls.merge(*named)
    assert refused.value.response.status_code == 405
    ada.rest.pulls.create_review(*named, event="APPROVE")
    actions.rest.checks.create(*HERE, name="tests", head_sha=sha, status="completed", conclusion="success")
    shown = ada.rest.pulls.get(*named).parsed_data
    assert (shown.mergeable_state, shown.commits, shown.head.sha) == ("clean", 1, sha)
    assert [file.filename for file in ada.rest.pulls.list_files(*named).parsed_data] == ["file"]
    assert [run.name for run in ada.rest.checks.list_for_ref(*HERE, ref=sha).parsed_data.check_runs] == ["tests"]
    merged = ada.rest.pulls.merge(*named, merge_method="merge").parsed_data
    assert merged.merged
    assert ada.rest.repos.get_commit(*HERE, ref="main").parsed_data.sha == merged.sha
    compared = ada.rest.repos.compare_commits(*HERE, basehead=f"{main.object_.sha}...main").parsed_data
    assert (compared.ahead_by, compared.behind_by) == (2, 0)


def test_issues_comments_and_pages(github: Any) -> None:
    ada = kit(github)
    issue = ada.rest.issues.create(*HERE, title="Drift", labels=["drift"]).parsed_data
    ada.rest.issues.create_comment(*HERE, issue_number=issue.number, body="seen")
    (comment,) = ada.rest.issues.list_comments(*HERE, issue_number=issue.number).parsed_data
    assert comment.body == "seen"
    for number in range(3):
        ada.rest.issues.create(*HERE, title=f"more {number}")
    found = list(ada.rest.paginate(ada.rest.issues.list_for_repo, None, *HERE, per_page=2, state="open"))
    assert [item.number for item in found] == [4, 3, 2, 1]
