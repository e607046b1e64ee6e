"""The branch whose pushes release the environment."""

from dataclasses import dataclass

import pulumi
import pulumi_github as github

from estate.protection_rule import declare_protection
from settings import BranchSettings


@dataclass(frozen=True, kw_only=True)
class ReleasedBranchArgs:
    """What the branch should be.

    Attributes:
        repository: the repository's name.
        repository_id: its node id (a name instead would be replaced by the first import).
        branch: its name, what it starts from where it does not exist, and its protection.
    """

    repository: str
    repository_id: str
    branch: BranchSettings


class ReleasedBranch(pulumi.ComponentResource):
    """Owns the branch's protection rule, and the branch itself where it had to be created; never its commits."""

    def __init__(self, name: str, args: ReleasedBranchArgs) -> None:
        super().__init__("deployment:index:ReleasedBranch", name)
        rule = declare_protection(args.branch)
        branch = args.branch.create_from and github.Branch(
            name,
            repository=args.repository,
            branch=rule.pattern,
            source_branch=args.branch.create_from,
            # The commit it started from is history: a moved source branch is no reason to touch this one.
            opts=pulumi.ResourceOptions(
                parent=self, retain_on_delete=True, ignore_changes=["sourceBranch", "sourceSha"]
            ),
        )
        github.BranchProtection(
            name,
            repository_id=args.repository_id,
            pattern=rule.pattern,
            enforce_admins=rule.is_admin_enforced,
            allows_force_pushes=rule.allows_force_pushes,
            allows_deletions=rule.allows_deletions,
            require_conversation_resolution=rule.requires_conversation_resolution,
            required_pull_request_reviews=[
                github.BranchProtectionRequiredPullRequestReviewArgs(
                    required_approving_review_count=rule.required_approving_review_count,
                    dismiss_stale_reviews=rule.dismisses_stale_reviews,
                    require_code_owner_reviews=rule.requires_code_owner_reviews,
                    require_last_push_approval=rule.require_last_push_approval,
                )
            ],
            required_status_checks=[
                github.BranchProtectionRequiredStatusCheckArgs(
                    strict=rule.requires_strict_status_checks, contexts=list(rule.required_status_check_contexts)
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[branch] if branch else [], delete_before_replace=True),
        )
        self.register_outputs({})
