"""The protection rule that a branch should have."""

from dataclasses import dataclass

from settings.branch import BranchSettings
from settings.model import Principals


@dataclass(frozen=True, kw_only=True)
class ProtectionRule:
    """A branch protection rule, field by field as GitHub's GraphQL object BranchProtectionRule names them.

    Attributes:
        pattern: the branch's name.
        required_approving_review_count: approvals that a pull request needs; 0 to 6.
        required_status_check_contexts: names of the checks that must have passed.
        restricts_pushes: only administrators and `push_allowances` push, and so merge.
    """

    pattern: str
    required_approving_review_count: int
    dismisses_stale_reviews: bool
    requires_code_owner_reviews: bool
    require_last_push_approval: bool
    required_status_check_contexts: tuple[str, ...]
    requires_strict_status_checks: bool
    is_admin_enforced: bool
    requires_conversation_resolution: bool
    restricts_pushes: bool
    push_allowances: Principals
    allows_force_pushes: bool = False
    allows_deletions: bool = False


def declare_protection(branch: BranchSettings) -> ProtectionRule:
    """Give the rule for a stack's branch. Nobody force-pushes to a released branch or deletes it, by any setting."""
    protection = branch.protection
    return ProtectionRule(
        pattern=branch.name,
        required_approving_review_count=protection.reviews.approvals,
        dismisses_stale_reviews=protection.reviews.dismiss_stale,
        requires_code_owner_reviews=protection.reviews.require_code_owners,
        require_last_push_approval=protection.reviews.require_last_push_approval,
        required_status_check_contexts=protection.required_checks,
        requires_strict_status_checks=protection.up_to_date,
        is_admin_enforced=protection.enforce_admins,
        requires_conversation_resolution=protection.conversations_resolved,
        restricts_pushes=protection.pushes.restricted,
        push_allowances=Principals(users=protection.pushes.users, teams=protection.pushes.teams),
    )
