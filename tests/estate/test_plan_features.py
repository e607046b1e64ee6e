from collections.abc import Callable
from typing import Any

import pytest

from estate.plan_features import find_missing_features
from settings.stack import Settings

Declare = Callable[..., Settings]
LIVE: dict[str, Any] = {
    "live": {
        "branches": ["main"],
        "reviewers": {"teams": ["keepers"]},
        "preventSelfReview": True,
        "waitMinutes": 5,
    }
}


def test_enterprise_has_every_rule(declare: Declare) -> None:
    assert find_missing_features(declare(environments=LIVE), private=True, plan="enterprise") == []


def test_each_rule_that_needs_enterprise_is_named_for_a_private_repository(declare: Declare) -> None:
    settings = declare(environments=LIVE, githubPlan="team")
    found = find_missing_features(settings, private=True, plan=None)
    assert [problem.split(":")[0] for problem in found] == [
        "environments.live.reviewers",
        "environments.live.preventSelfReview",
        "environments.live.waitMinutes",
    ]
    assert find_missing_features(settings, private=False, plan="team") == []


def test_a_private_repository_of_the_free_plan_has_no_protection(declare: Declare) -> None:
    (problem,) = find_missing_features(declare(githubPlan="free"), private=True, plan="free")
    assert "main would stand open" in problem


@pytest.mark.parametrize(("told", "known"), [("business", "team"), ("team", "team"), ("free", "free")])
def test_another_plan_than_configured_is_named(declare: Declare, told: str, known: str) -> None:
    (problem,) = find_missing_features(declare(), private=False, plan=told)
    assert f"Remedy: set githubPlan to {known}" in problem
