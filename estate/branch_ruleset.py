"""The ruleset that a branch should have beside its protection rule."""

from dataclasses import dataclass

from settings.branch import BranchSettings


@dataclass(frozen=True, kw_only=True)
class BranchRuleset:
    """What only a ruleset can say: of which app a check has to come, and how pull requests may be merged.

    Nobody bypasses it. Without an app anybody with write access could report a check as passed, `release-source`
    included, which stands in for "only staging may merge into main".

    Attributes:
        name: its name on GitHub.
        ref: the full ref that it governs.
        checks: names of the required checks.
        app: number of the app that has to report them.
        strict: the branch must be up to date with its base.
        merge_methods: merge, squash, rebase, as GitHub orders them.
    """

    name: str
    ref: str
    checks: tuple[str, ...]
    app: int
    strict: bool
    merge_methods: tuple[str, ...]
    reviews: int
    dismisses_stale_reviews: bool
    requires_code_owner_reviews: bool
    require_last_push_approval: bool
    requires_conversation_resolution: bool


def declare_ruleset(branch: BranchSettings) -> BranchRuleset:
    """Give the ruleset for a stack's branch."""
    protection = branch.protection
    return BranchRuleset(
        name=f"{branch.name}: checks and merge methods",
        ref=f"refs/heads/{branch.name}",
        checks=tuple(sorted(protection.required_checks)),
        app=protection.checks_app,
        strict=protection.up_to_date,
        merge_methods=tuple(method for method in ("merge", "squash", "rebase") if method in protection.merge_methods),
        reviews=protection.reviews.approvals,
        dismisses_stale_reviews=protection.reviews.dismiss_stale,
        requires_code_owner_reviews=protection.reviews.require_code_owners,
        require_last_push_approval=protection.reviews.require_last_push_approval,
        requires_conversation_resolution=protection.conversations_resolved,
    )
