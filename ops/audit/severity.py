"""How much a difference matters."""

from estate.entity import Kind, Value
from ops.audit.finding import Severity

_MISSING = {
    Kind.PROTECTION_RULE: Severity.CRITICAL,
    Kind.RULESET: Severity.CRITICAL,
    Kind.PROJECT: Severity.CRITICAL,
    Kind.BRANCH: Severity.HIGH,
    Kind.ENVIRONMENT: Severity.HIGH,
    Kind.FUNCTION: Severity.HIGH,
    Kind.MIGRATION: Severity.HIGH,
    Kind.LABEL: Severity.LOW,
}
_UNMANAGED = {
    Kind.ADMINISTRATOR: Severity.HIGH,
    Kind.DEPLOY_KEY: Severity.HIGH,
    Kind.WEBHOOK: Severity.MEDIUM,
    Kind.FUNCTION: Severity.HIGH,
    Kind.MIGRATION: Severity.HIGH,
    Kind.PROTECTION_RULE: Severity.MEDIUM,
    Kind.RULESET: Severity.MEDIUM,
    Kind.ENVIRONMENT_VARIABLE: Severity.LOW,
    Kind.REPOSITORY_VARIABLE: Severity.LOW,
}
_DRIFTED = {
    Kind.PROTECTION_RULE: Severity.HIGH,
    Kind.RULESET: Severity.HIGH,
    Kind.ENVIRONMENT: Severity.HIGH,
    Kind.ENVIRONMENT_SECRET: Severity.HIGH,
    Kind.REPOSITORY_SECRET: Severity.HIGH,
    Kind.FUNCTION_SECRET: Severity.HIGH,
    Kind.FUNCTION: Severity.HIGH,
    Kind.PROJECT: Severity.HIGH,
    Kind.ACTIONS: Severity.HIGH,
    Kind.LABEL: Severity.LOW,
}
# Who gets past a rule, and what opens an environment to everybody: the process holds for nobody then.
_OPENING = {
    "allowsDeletions",
    "allowsForcePushes",
    "bypassForcePushAllowances",
    "bypassPullRequestAllowances",
    "bypass_actors",
    "enforcement",
    "isAdminEnforced",
    "requiresApprovingReviews",
    "reviewers",
    "can_admins_bypass",
    "deployment_branch_policy",
}
# Rules that are stricter the more they say; the others are stricter when they hold at all.
_LOOSER_WHEN_TRUE = {
    "allowsDeletions",
    "allowsForcePushes",
    "can_admins_bypass",
    "lockAllowsFetchAndMerge",
    "can_approve_pull_request_reviews",
    "verified_allowed",
    "github_owned_allowed",
    "rules.required_status_checks.do_not_enforce_on_create",
}


def weigh_missing(kind: Kind) -> Severity:
    """Weigh that a declared thing does not exist."""
    return _MISSING.get(kind, Severity.MEDIUM)


def weigh_unmanaged(kind: Kind) -> Severity:
    """Weigh that a thing exists which nobody declared."""
    return _UNMANAGED.get(kind, Severity.MEDIUM)


def weigh_drift(kind: Kind, field: str, declared: Value, live: Value) -> Severity:
    """Weigh that a field is another one: the more it lets through, the more it matters."""
    if _is_stricter(field, declared, live):
        return Severity.LOW
    return Severity.CRITICAL if field in _OPENING else _DRIFTED.get(kind, Severity.MEDIUM)


def _is_stricter(field: str, declared: Value, live: Value) -> bool:
    if isinstance(declared, bool) and isinstance(live, bool):
        return live is not (field in _LOOSER_WHEN_TRUE)
    is_count = field.rpartition(".")[2] in {"requiredApprovingReviewCount", "required_approving_review_count"}
    return is_count and isinstance(declared, int) and isinstance(live, int) and live > declared
