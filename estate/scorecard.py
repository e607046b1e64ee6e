"""How far a branch's rules reach in the Branch-Protection check of the OpenSSF Scorecard.

Source: github.com/ossf/scorecard, docs/checks.md, "Branch-Protection": five tiers, each of which counts only when those
below it are met.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from estate.entity import Value

_SOME, _SEVERAL = 1, 2


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a branch reaches.

    Attributes:
        points: 0, 3, 6, 8, 9 or 10.
        missing: what the next tier asks for, in words; empty at 10.
    """

    points: int
    missing: tuple[str, ...]


def score_branch(rule: Mapping[str, Value], ruleset: Mapping[str, Value]) -> Score:
    """Score the rules of a branch.

    Args:
        rule: the fields of its protection rule; empty where there is none.
        ruleset: the fields of the ruleset beside it, `conditions` aside; empty where there is none that is active.
    """
    active = ruleset if ruleset.get("enforcement") == "active" and not ruleset.get("bypass_actors") else {}
    review, checks = "rules.pull_request.", "rules.required_status_checks."

    def holds(field: str, other: str) -> bool:
        return rule.get(field) is True or active.get(other) is True

    approvals = max(
        _count(rule.get("requiredApprovingReviewCount")) if rule.get("requiresApprovingReviews") else 0,
        _count(active.get(f"{review}required_approving_review_count")),
    )
    required = rule.get("requiredStatusChecks") or active.get(f"{checks}required_status_checks")
    strict = holds("requiresStrictStatusChecks", f"{checks}strict_required_status_checks_policy")
    tiers: tuple[tuple[int, dict[str, bool]], ...] = (
        (
            3,
            {
                "force pushes are refused": rule.get("allowsForcePushes") is False
                or active.get("rules.non_fast_forward") is True,
                "deletion is refused": rule.get("allowsDeletions") is False or active.get("rules.deletion") is True,
            },
        ),
        (
            6,
            {
                "one approval is needed": approvals >= _SOME,
                "the branch has to be up to date": strict and bool(required),
                "the last push needs an approval": holds(
                    "requireLastPushApproval", f"{review}require_last_push_approval"
                ),
            },
        ),
        (8, {"one check is required": bool(required)}),
        (
            9,
            {
                "two approvals are needed": approvals >= _SEVERAL,
                "code owners have to approve": holds("requiresCodeOwnerReviews", f"{review}require_code_owner_review"),
            },
        ),
        (
            10,
            {
                "a new push dismisses approvals": holds(
                    "dismissesStaleReviews", f"{review}dismiss_stale_reviews_on_push"
                ),
                "administrators are held to it": rule.get("isAdminEnforced") is True,
            },
        ),
    )
    points = 0
    for worth, demands in tiers:
        if missing := tuple(demand for demand, met in demands.items() if not met):
            return Score(points=points, missing=missing)
        points = worth
    return Score(points=points, missing=())


def _count(value: Value) -> int:
    return value if isinstance(value, int) else 0
