"""What protection rules and rulesets demand of a ref, in one form for both."""

from dataclasses import dataclass

from localcloud.github.protections import is_among, is_member, rule_for
from localcloud.github.roles import role_of
from localcloud.github.rulesets import governs
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken

ABOUT_PROTECTION = (
    "https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/"
    "managing-protected-branches/about-protected-branches"
)
_NOT_AUTHORIZED = f"You're not authorized to push to this branch. Visit {ABOUT_PROTECTION} for more information."
_ENFORCED = {
    "creation", "update", "deletion", "non_fast_forward", "required_linear_history", "required_signatures",
    "pull_request", "required_status_checks",
}  # fmt: skip
# Numbers of GitHub's own roles in a ruleset's list of who bypasses it.
_ROLES = {2: {"admin", "maintain"}, 4: {"admin", "maintain", "write"}, 5: {"admin"}}


@dataclass(frozen=True, kw_only=True)
class RequiredCheck:
    """A check that has to have succeeded; where an app is named, reported by that app."""

    context: str
    app_id: int | None


@dataclass(frozen=True, kw_only=True)
class RequiredReviews:
    """What a pull request needs.

    Attributes:
        methods: the ways to merge that are allowed; empty for any.
    """

    approvals: int = 0
    dismisses_stale: bool = False
    code_owners: bool = False
    last_push: bool = False
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What one protection rule or one active ruleset demands of a ref when a certain actor changes it.

    Each attribute without a type of its own is the sentence in which GitHub refuses, or None where that is allowed.

    Attributes:
        is_ruleset: GitHub words a ruleset's refusals in another way.
        waived: the actor bypasses it by whatever means.
        waived_in_merge: the actor bypasses it when merging a pull request.
        update: also said of a merge.
        always: said of every change, even where the policy is waived.
        forced, deletion: even an administrator whom a protection rule does not bind may not do that.
        reviews: what a pull request needs, which also means that there has to be one; None where there need not be.
        conversations: a pull request, where there is one, needs its conversations resolved.
        strict: the head must contain the tip of the base.
        checks_on_creation: the checks are required of a new ref too.
    """

    is_ruleset: bool
    waived: bool = False
    waived_in_merge: bool = False
    creation: str | None = None
    update: str | None = None
    deletion: str | None = None
    forced: str | None = None
    always: tuple[str, ...] = ()
    linear: bool = False
    signed: bool = False
    reviews: RequiredReviews | None = None
    conversations: bool = False
    checks: tuple[RequiredCheck, ...] = ()
    strict: bool = False
    checks_on_creation: bool = False


def policies_for(store: Store, repository: Json, ref: str, who: GitHubToken) -> list[Policy]:
    """Collect every policy that governs a ref (full name), the protection rule first."""
    found: list[Policy] = []
    if ref.startswith("refs/heads/"):
        rule = rule_for(repository, ref.removeprefix("refs/heads/"))
        if rule is not None:
            found.append(_of_protection(store, repository, rule, who))
    rulesets = [item for item in repository["rulesets"].values() if item["enforcement"] == "active"]
    return found + [_of_ruleset(store, repository, item, who) for item in rulesets if governs(repository, item, ref)]


def dismisses_stale_reviews(store: Store, repository: Json, ref: str, who: GitHubToken) -> bool:
    """Tell whether an approval ends when commits are pushed after it."""
    return any(item.reviews and item.reviews.dismisses_stale for item in policies_for(store, repository, ref, who))


def _of_protection(store: Store, repository: Json, rule: Json, who: GitHubToken) -> Policy:
    admin = role_of(store, repository, who.login) == "admin"
    may_push = admin or not rule["restrictsPushes"] or is_among(store, rule["pushActorIds"], who)
    forced = rule["allowsForcePushes"] or is_among(store, rule["bypassForcePushActorIds"], who)
    update = None if may_push else _NOT_AUTHORIZED
    reviews = RequiredReviews(
        approvals=rule["requiredApprovingReviewCount"] or 0,
        dismisses_stale=rule["dismissesStaleReviews"],
        code_owners=rule["requiresCodeOwnerReviews"],
        last_push=rule["requireLastPushApproval"],
    )
    needs_reviews = rule["requiresApprovingReviews"] and not is_among(store, rule["bypassPullRequestActorIds"], who)
    unknown = ("deployments",) if rule["requiresDeployments"] else ()
    return Policy(
        is_ruleset=False,
        waived=admin and not rule["isAdminEnforced"],
        waived_in_merge=admin and not rule["isAdminEnforced"],
        creation=update if rule["blocksCreations"] else None,
        update="Cannot change this locked branch" if rule["lockBranch"] else update,
        deletion=None if rule["allowsDeletions"] else "Cannot delete this branch",
        forced=None if forced else "Cannot force-push to this branch",
        always=tuple(f"Required {name} are not implemented by the local cloud" for name in unknown),
        linear=rule["requiresLinearHistory"],
        signed=rule["requiresCommitSignatures"],
        reviews=reviews if needs_reviews else None,
        conversations=rule["requiresConversationResolution"],
        checks=tuple(RequiredCheck(**check) for check in rule["checks"]) if rule["requiresStatusChecks"] else (),
        strict=rule["requiresStatusChecks"] and rule["requiresStrictStatusChecks"],
    )


def _of_ruleset(store: Store, repository: Json, ruleset: Json, who: GitHubToken) -> Policy:
    rules = {rule["type"]: rule.get("parameters") or {} for rule in ruleset["rules"]}
    modes = {
        item.get("bypass_mode", "always")
        for item in ruleset["bypass_actors"]
        if _is_bypasser(store, repository, item, who)
    }
    needed, checks = rules.get("pull_request", {}), rules.get("required_status_checks", {})
    reviews = RequiredReviews(
        approvals=needed.get("required_approving_review_count", 0),
        dismisses_stale=needed.get("dismiss_stale_reviews_on_push", False),
        code_owners=needed.get("require_code_owner_review", False),
        last_push=needed.get("require_last_push_approval", False),
        methods=tuple(needed.get("allowed_merge_methods", ())),
    )
    unknown = sorted(rules.keys() - _ENFORCED) + (["required_reviewers"] if needed.get("required_reviewers") else [])
    return Policy(
        is_ruleset=True,
        waived=bool(modes & {"always", "exempt"}),
        waived_in_merge=bool(modes),
        creation="Cannot create ref due to creations being restricted." if "creation" in rules else None,
        update="Cannot update this protected ref." if "update" in rules else None,
        deletion="Cannot delete this branch" if "deletion" in rules else None,
        forced="Cannot force-push to this branch" if "non_fast_forward" in rules else None,
        always=tuple(f"The rule {name} is not implemented by the local cloud" for name in unknown),
        linear="required_linear_history" in rules,
        signed="required_signatures" in rules,
        reviews=reviews if "pull_request" in rules else None,
        conversations=needed.get("required_review_thread_resolution", False),
        checks=tuple(
            RequiredCheck(context=check["context"], app_id=check.get("integration_id"))
            for check in checks.get("required_status_checks", ())
        ),
        strict=checks.get("strict_required_status_checks_policy", False),
        checks_on_creation=not checks.get("do_not_enforce_on_create", False),
    )


def _is_bypasser(store: Store, repository: Json, entry: Json, who: GitHubToken) -> bool:
    kind, number = entry.get("actor_type"), entry.get("actor_id")
    if kind == "Integration" or who.app_id is not None:
        return kind == "Integration" and number == who.app_id
    role = role_of(store, repository, who.login)
    teams = [team for team in store.state["teams"].values() if team["id"] == number]
    return bool(
        (kind == "OrganizationAdmin" and role == "admin")
        or (kind == "RepositoryRole" and role in _ROLES.get(number or 0, set()))
        or (kind == "User" and store.user(who.login)["id"] == number)
        or (kind == "Team" and any(is_member(team, who) for team in teams))
    )
