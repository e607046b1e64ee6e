from collections.abc import Callable
from typing import Any

import pytest

from estate.lock_out import find_lock_outs
from estate.people import People
from settings.stack import Settings

Declare = Callable[..., Settings]
OWNERS = ("@acme/keepers",)


def environment(**changes: Any) -> dict[str, Any]:
    return {"environments": {"live": {"branches": ["main"], **changes}}}


def test_rules_that_can_be_met_are_none(declare: Declare, people: People) -> None:
    settings = declare(
        branch={"name": "main", "protection": {"requiredChecks": ["tests"], "reviews": {"approvals": 2}}},
        **environment(reviewers={"teams": ["keepers"], "users": ["ada"]}, preventSelfReview=True),
    )
    assert find_lock_outs(settings, people, frozenset({"tests", "more"}), OWNERS) == []


def test_a_check_that_no_workflow_reports(declare: Declare, people: People) -> None:
    settings = declare(branch={"name": "main", "protection": {"requiredChecks": ["tests", "ghost"]}})
    (problem,) = find_lock_outs(settings, people, frozenset({"tests"}), OWNERS)
    assert "no workflow here reports ghost" in problem
    assert "Remedy: " in problem


def test_without_workflows_checks_are_not_judged(declare: Declare, people: People) -> None:
    settings = declare(branch={"name": "main", "protection": {"requiredChecks": ["ghost"]}})
    assert find_lock_outs(settings, people, None, OWNERS) == []


@pytest.mark.parametrize(("approvals", "problems"), [(2, 0), (3, 1)])
def test_as_many_approvals_as_there_are_writers(
    declare: Declare, people: People, approvals: int, problems: int
) -> None:
    settings = declare(branch={"name": "main", "protection": {"reviews": {"approvals": approvals}}})
    found = find_lock_outs(settings, people, frozenset(), OWNERS)
    assert len(found) == problems
    assert all("3 people may write, the author can't approve" in problem for problem in found)


def test_code_owners_without_an_owner_of_the_workflows(declare: Declare, people: People) -> None:
    (problem,) = find_lock_outs(declare(), people, frozenset(), ())
    assert "add the line `/.github/ @OWNER/TEAM`" in problem


@pytest.mark.parametrize("owner", ["@acme/nobody", "@gone", "@others/keepers"])
def test_code_owners_who_do_not_exist(declare: Declare, people: People, owner: str) -> None:
    (problem,) = find_lock_outs(declare(), people, frozenset(), (owner, "@Dana"))
    assert "CODEOWNERS names" in problem
    off = declare(branch={"name": "main", "protection": {"reviews": {"requireCodeOwners": False}}})
    assert find_lock_outs(off, people, frozenset(), (owner,)) == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"reviewers": {"users": ["gone"]}}, "environments.live.reviewers: user gone does not exist"),
        ({"reviewers": {"teams": ["nobody"]}}, "environments.live.reviewers: team nobody does not exist"),
        ({"reviewers": {"teams": ["empty"]}}, "the teams have no members"),
        ({"reviewers": {"users": ["dana"]}, "preventSelfReview": True}, "dana is the only reviewer"),
        ({"preventSelfReview": True}, "preventSelfReview has no effect without reviewers"),
    ],
)
def test_reviewers_who_could_not_approve(declare: Declare, people: People, changes: dict[str, Any], text: str) -> None:
    (problem,) = find_lock_outs(declare(**environment(**changes)), people, frozenset(), OWNERS)
    assert text in problem
    assert "Remedy: " in problem


def test_a_pusher_who_does_not_exist(declare: Declare, people: People) -> None:
    settings = declare(branch={"name": "main", "protection": {"pushes": {"users": ["gone"]}}})
    (problem,) = find_lock_outs(settings, people, frozenset(), OWNERS)
    assert problem.startswith("branch.protection.pushes: user gone")
