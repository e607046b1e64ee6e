from collections.abc import Callable

from estate.branch_ruleset import declare_ruleset
from estate.protection_rule import declare_protection
from settings.stack import Settings

Declare = Callable[..., Settings]


def test_the_checks_are_bound_to_the_actions_app(declare: Declare) -> None:
    branch = declare(branch={"name": "main", "protection": {"requiredChecks": ["tests", "release-source"]}}).branch
    ruleset = declare_ruleset(branch)
    assert (ruleset.ref, ruleset.checks, ruleset.app) == ("refs/heads/main", ("release-source", "tests"), 15368)
    assert ruleset.merge_methods == ("merge",)
    assert set(ruleset.checks) == set(declare_protection(branch).required_status_check_contexts)


def test_the_defaults_are_the_strict_ones(declare: Declare) -> None:
    rule = declare_protection(declare().branch)
    assert rule.required_approving_review_count == 1
    assert all(
        [
            rule.dismisses_stale_reviews,
            rule.requires_code_owner_reviews,
            rule.require_last_push_approval,
            rule.requires_strict_status_checks,
            rule.is_admin_enforced,
            rule.requires_conversation_resolution,
            rule.restricts_pushes,
        ]
    )
    assert not rule.push_allowances
    assert not rule.allows_force_pushes
    assert not rule.allows_deletions
