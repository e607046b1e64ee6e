from typing import Any

import pytest

from localcloud.github.node_ids import node_id
from localcloud.github.protections import ACTOR_LISTS, FLAGS
from localcloud.status import rules
from localcloud.status.rules import People

_STATE = {
    "users": {"dana": {"id": 7, "login": "dana"}},
    "teams": {"some-team/core": {"id": 8, "slug": "core"}},
    "apps": {"9": {"id": 9, "slug": "robot", "name": "Robot"}},
}
PEOPLE = People(_STATE)
ACTIONS = 15368


def _rule(**given: Any) -> dict[str, Any]:
    blank: dict[str, Any] = {
        "requiredApprovingReviewCount": None,
        "requiredDeploymentEnvironments": [],
        "checks": [],
        **dict.fromkeys(FLAGS, False),
        **{name: [] for name in ACTOR_LISTS},
    }
    return blank | given


def test_a_strict_branch_reads_as_a_person_would_say_it() -> None:
    rule = _rule(
        requiresApprovingReviews=True,
        requiredApprovingReviewCount=1,
        requiresStatusChecks=True,
        requiresStrictStatusChecks=True,
        checks=[{"context": "tests", "app_id": ACTIONS}, {"context": "build", "app_id": ACTIONS}],
        restrictsPushes=True,
        isAdminEnforced=True,
    )
    assert rules.protection(rule, PEOPLE) == [
        "1 approval",
        "up to date with the branch",
        "checks build and tests of GitHub Actions",
        "only admins push",
        "administrators included",
    ]


@pytest.mark.parametrize("flag", sorted({*FLAGS} - {"lockAllowsFetchAndMerge", "requiresStatusChecks"}))
def test_every_flag_of_a_protection_rule_is_told(flag: str) -> None:
    plain = rules.protection(_rule(), PEOPLE)
    extra = {"requiresStatusChecks": True} if flag == "requiresStrictStatusChecks" else {}
    assert rules.protection(_rule(**extra, **{flag: True}), PEOPLE) != plain


def test_people_are_named() -> None:
    pushers = [node_id("User", 7), node_id("Team", 8), node_id("App", ACTIONS), node_id("App", 9)]
    words = rules.protection(_rule(restrictsPushes=True, pushActorIds=pushers), PEOPLE)
    assert words[0] == "only administrators and dana, team core, GitHub Actions and Robot push"
    assert PEOPLE.actor(node_id("User", 99)) == "user 99"


def test_a_ruleset_tells_what_it_is_for_and_whom_it_spares() -> None:
    ruleset = {
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH", "refs/heads/release/*"], "exclude": []}},
        "rules": [
            {"type": "pull_request", "parameters": {"allowed_merge_methods": ["merge"]}},
            {
                "type": "required_status_checks",
                "parameters": {"required_status_checks": [{"context": "tests", "integration_id": ACTIONS}]},
            },
            {"type": "non_fast_forward"},
            {"type": "max_file_size", "parameters": {"max_file_size": 1}},
        ],
        "bypass_actors": [{"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "pull_request"}],
    }
    assert rules.ruleset_scope(ruleset) == "branch: the default branch and release/*; enforced"
    assert rules.ruleset(ruleset, PEOPLE) == [
        "a pull request, no approval",
        "merged by merge only",
        "check tests of GitHub Actions",
        "no force pushes",
        "max file size",
        "not for administrators in a pull request",
    ]


def test_a_ruleset_that_lacks_what_it_should_have_is_told_all_the_same() -> None:
    rules_given = [{"type": "required_status_checks", "parameters": {"required_status_checks": [{}]}}]
    incomplete = {"target": "tag", "enforcement": "disabled", "conditions": None, "rules": rules_given}
    assert rules.ruleset_scope(incomplete) == "no tag; switched off"
    assert rules.ruleset(incomplete | {"bypass_actors": [{}]}, PEOPLE) == ["check None", "not for None"]


@pytest.mark.parametrize(
    ("policy", "policies", "words"),
    [
        (None, {}, "any branch deploys"),
        ({"protected_branches": True, "custom_branch_policies": False}, {}, "only protected branches deploy"),
        ({"protected_branches": False, "custom_branch_policies": True}, {}, "no branch deploys"),
        (
            {"protected_branches": False, "custom_branch_policies": True},
            {"1": {"type": "branch", "name": "main"}, "2": {"type": "tag", "name": "v*"}},
            "only branch main and tag v* deploys",
        ),
    ],
)
def test_an_environment_tells_who_deploys(policy: Any, policies: Any, words: str) -> None:
    environment = {
        "reviewers": [],
        "wait_timer": 0,
        "prevent_self_review": False,
        "can_admins_bypass": True,
        "deployment_branch_policy": policy,
        "policies": policies,
    }
    assert rules.environment(environment, PEOPLE) == [words]
    strict = environment | {"reviewers": [{"type": "Team", "id": 8}, {"type": "User", "id": 7}], "wait_timer": 90}
    assert rules.environment(strict, PEOPLE) == [
        "approval of team core or dana",
        "waits 90 minutes",
        words,
        "administrators may skip this",
    ]
