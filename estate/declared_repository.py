"""Everything that GitHub should hold for a stack, as entities: what the stack's resources would set, field by field."""

from collections.abc import Iterator, Mapping

from estate.actions_environment import ActionsEnvironment, declare_environment
from estate.branch_ruleset import BranchRuleset, declare_ruleset
from estate.entity import Entity, Kind, Value
from estate.protection_rule import ProtectionRule, declare_protection
from settings.model import Principals, variable_key
from settings.repository_wide import RepositoryWideSettings
from settings.stack import Settings


def declare_repository(settings: Settings, values: Mapping[str, str | None]) -> list[Entity]:
    """Give a stack's branch, rules, environments, secrets and variables, and the repository's own if it owns them.

    Args:
        settings: the stack's.
        values: what the sources of variables give (`project.ref`, `project.url`, names of the environment's); None
            where that is not known.
    """
    branch = settings.branch
    entities = [
        Entity(kind=Kind.BRANCH, name=branch.name),
        _protection(declare_protection(branch)),
        _ruleset(declare_ruleset(branch)),
    ]
    for name, environment in sorted(settings.environments.items()):
        entities += _environment(declare_environment(name, environment), values)
    if settings.owns_repository:
        entities += _repository_wide(settings, values)
    return entities


def name_check(context: str, app: int | None) -> str:
    """Name a required check together with the app that has to report it; None is any app."""
    return f"{context} (app {app})" if app else context


def name_principals(principals: Principals) -> tuple[str, ...]:
    """Name people and teams, sorted."""
    return tuple(sorted([f"user {u.lower()}" for u in principals.users] + [f"team {t}" for t in principals.teams]))


def _protection(rule: ProtectionRule) -> Entity:
    # Fields that no setting has stay as GitHub has them for a new rule: off.
    off = (
        "blocksCreations",
        "lockAllowsFetchAndMerge",
        "lockBranch",
        "requiresCommitSignatures",
        "requiresDeployments",
        "requiresLinearHistory",
        "restrictsReviewDismissals",
    )
    nobody: tuple[str, ...] = ()
    fields: dict[str, Value] = {
        **dict.fromkeys(off, False),
        "allowsDeletions": rule.allows_deletions,
        "allowsForcePushes": rule.allows_force_pushes,
        "bypassForcePushAllowances": nobody,
        "bypassPullRequestAllowances": nobody,
        "dismissesStaleReviews": rule.dismisses_stale_reviews,
        "isAdminEnforced": rule.is_admin_enforced,
        "pushAllowances": name_principals(rule.push_allowances),
        "requireLastPushApproval": rule.require_last_push_approval,
        "requiredApprovingReviewCount": rule.required_approving_review_count,
        "requiredDeploymentEnvironments": nobody,
        "requiredStatusChecks": tuple(sorted(rule.required_status_check_contexts)),
        "requiresApprovingReviews": True,
        "requiresCodeOwnerReviews": rule.requires_code_owner_reviews,
        "requiresConversationResolution": rule.requires_conversation_resolution,
        "requiresStatusChecks": True,
        "requiresStrictStatusChecks": rule.requires_strict_status_checks,
        "restrictsPushes": rule.restricts_pushes,
        "reviewDismissalAllowances": nobody,
    }
    return Entity(kind=Kind.PROTECTION_RULE, name=rule.pattern, fields=fields)


def _ruleset(ruleset: BranchRuleset) -> Entity:
    fields: dict[str, Value] = {
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": (),
        "conditions.ref_name.include": (ruleset.ref,),
        "conditions.ref_name.exclude": (),
        "rules.pull_request": True,
        "rules.pull_request.allowed_merge_methods": tuple(sorted(ruleset.merge_methods)),
        "rules.pull_request.dismiss_stale_reviews_on_push": ruleset.dismisses_stale_reviews,
        "rules.pull_request.require_code_owner_review": ruleset.requires_code_owner_reviews,
        "rules.pull_request.require_last_push_approval": ruleset.require_last_push_approval,
        "rules.pull_request.required_approving_review_count": ruleset.reviews,
        "rules.pull_request.required_review_thread_resolution": ruleset.requires_conversation_resolution,
    }
    if ruleset.checks:
        fields |= {
            "rules.required_status_checks": True,
            "rules.required_status_checks.do_not_enforce_on_create": True,
            "rules.required_status_checks.strict_required_status_checks_policy": ruleset.strict,
            "rules.required_status_checks.required_status_checks": tuple(
                sorted(name_check(check, ruleset.app) for check in ruleset.checks)
            ),
        }
    return Entity(kind=Kind.RULESET, name=ruleset.name, fields=fields)


def _environment(environment: ActionsEnvironment, values: Mapping[str, str | None]) -> Iterator[Entity]:
    policy = "any ref" if environment.branches is None else "custom branch policies"
    yield Entity(
        kind=Kind.ENVIRONMENT,
        name=environment.name,
        fields={
            "can_admins_bypass": environment.admins_may_bypass,
            "deployment_branch_policy": policy,
            "branch_policies": tuple(sorted(f"branch {branch}" for branch in environment.branches or ())),
            "reviewers": name_principals(environment.reviewers),
            "prevent_self_review": environment.prevent_self_review,
            "wait_timer": environment.wait_minutes,
            "other_protection_rules": (),
        },
    )
    for name in environment.secrets:
        yield Entity(kind=Kind.ENVIRONMENT_SECRET, name=f"{environment.name}/{name}")
    for name, source in environment.variables.items():
        fields = {"value": values[variable_key(name, source)]}
        yield Entity(kind=Kind.ENVIRONMENT_VARIABLE, name=f"{environment.name}/{name}", fields=fields)


def _repository_wide(settings: Settings, values: Mapping[str, str | None]) -> Iterator[Entity]:
    wide = settings.repository_wide
    yield Entity(
        kind=Kind.REPOSITORY,
        name=settings.repository,
        fields={
            "allow_merge_commit": "merge" in wide.merge_methods,
            "allow_rebase_merge": "rebase" in wide.merge_methods,
            "allow_squash_merge": "squash" in wide.merge_methods,
            "delete_branch_on_merge": wide.delete_branch_on_merge,
            "security_and_analysis.secret_scanning_push_protection": "enabled" if wide.push_protection else "disabled",
        },
    )
    yield Entity(kind=Kind.ACTIONS, name=settings.repository, fields=dict(_actions(wide)))
    for name, label in sorted(wide.labels.items()):
        fields = {"color": label.color.lower(), "description": label.description}
        yield Entity(kind=Kind.LABEL, name=name, fields=fields)
    for name in sorted(wide.secrets):
        yield Entity(kind=Kind.REPOSITORY_SECRET, name=name)
    for name, source in sorted(wide.variables.items()):
        value = values[variable_key(name, source)]
        yield Entity(kind=Kind.REPOSITORY_VARIABLE, name=name, fields={"value": value})
    for login in wide.administrators:
        yield Entity(kind=Kind.ADMINISTRATOR, name=login.lower())


def _actions(wide: RepositoryWideSettings) -> Iterator[tuple[str, Value]]:
    actions = wide.actions
    yield "enabled", True
    yield "allowed_actions", actions.allowed
    yield "sha_pinning_required", actions.sha_pinning
    yield "default_workflow_permissions", actions.default_permissions
    yield "can_approve_pull_request_reviews", actions.may_approve_pull_requests
    if actions.allowed == "selected":
        yield "github_owned_allowed", actions.github_owned
        yield "verified_allowed", actions.verified_creators
        yield "patterns_allowed", tuple(sorted(actions.patterns))
