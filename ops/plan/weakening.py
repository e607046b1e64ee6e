"""What of a plan lets more through than before: rules, who gets past them, who may deploy."""

import re
from typing import Any

from ops.plan.preview import Step

# By the last name of the input, as the GitHub provider names them.
_STRICTER_WHEN_TRUE = {
    "blocksCreations",
    "creation",
    "deletion",
    "dismissStaleReviews",
    "dismissStaleReviewsOnPush",
    "enforceAdmins",
    "lockBranch",
    "nonFastForward",
    "preventSelfReview",
    "requireCodeOwnerReview",
    "requireCodeOwnerReviews",
    "requireConversationResolution",
    "requireLastPushApproval",
    "requireSignedCommits",
    "requiredLinearHistory",
    "requiredReviewThreadResolution",
    "requiredSignatures",
    "restrictDismissals",
    "shaPinningRequired",
    "strict",
    "strictRequiredStatusChecksPolicy",
    "update",
}
_LOOSER_WHEN_TRUE = {
    "allowsDeletions",
    "allowsForcePushes",
    "canAdminsBypass",
    "canApprovePullRequestReviews",
    "doNotEnforceOnCreate",
    "githubOwnedAllowed",
    "verifiedAllowed",
}
_STRICTER_WHEN_MORE = {"requiredApprovingReviewCount", "waitTimer"}
# Everything named has to be met; who is named may approve.
_LOOSER_WITH_LESS = {"contexts", "context", "users", "teams", "integrationId"}
# Who is named gets past the rule; what is named may run.
_LOOSER_WITH_MORE = {
    "actorId",
    "forcePushBypassers",
    "patternsAlloweds",
    "pullRequestBypassers",
    "pushAllowances",
    "dismissalRestrictions",
}
_FROM_STRICT_TO_LOOSE = {
    "enforcement": ("active", "evaluate", "disabled"),
    "allowedActions": ("local_only", "selected", "all"),
    "defaultWorkflowPermissions": ("read", "write"),
    "status": ("enabled", "disabled"),
}
_RULES = re.compile(r"^github:index/(branchProtection|repositoryRuleset|repositoryEnvironment|actionsRepository|work)")


def find_weakened(step: Step) -> list[tuple[str, Any, Any]]:
    """Give path, old and new value of each change by which something lets more through."""
    if not _RULES.match(step.kind) and not step.kind.endswith(":Repository"):
        return []
    if step.operation == "create":
        return []
    return [change for change in step.changes() if _is_weaker(*change)]


def _is_weaker(path: str, old: Any, new: Any) -> bool:  # noqa: PLR0911 - one answer for each kind of input
    name = re.sub(r"\[\d+\]", "", path).rpartition(".")[2]
    if name in _STRICTER_WHEN_TRUE:
        return _is_true(old) and not _is_true(new)
    if name in _LOOSER_WHEN_TRUE:
        return _is_true(new) and not _is_true(old)
    if name in _STRICTER_WHEN_MORE:
        return _number(new) < _number(old)
    if name in _LOOSER_WITH_LESS:
        return bool(_entries(old) - _entries(new))
    if name in _LOOSER_WITH_MORE:
        return bool(_entries(new) - _entries(old))
    if order := _FROM_STRICT_TO_LOOSE.get(name):
        known = [order.index(value) if value in order else -1 for value in (old, new)]
        return known[0] < known[1]
    return False


def _is_true(value: Any) -> bool:
    return value is True or value == "true"


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0


def _entries(value: Any) -> set[str]:
    if value is None:
        return set()
    return {str(entry) for entry in value} if isinstance(value, list) else {str(value)}
