"""The branch whose pushes release the environment."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_github as github

from components.repository_facts import RepositoryFacts
from estate.branch_ruleset import BranchRuleset, declare_ruleset
from estate.protection_rule import ProtectionRule, declare_protection
from settings.branch import BranchSettings


@dataclass(frozen=True, kw_only=True)
class ReleasedBranchArgs:
    """What the branch should be.

    Attributes:
        repository: the repository that has it.
        branch: its name, what it starts from where it does not exist, and its protection.
    """

    repository: RepositoryFacts
    branch: BranchSettings


class ReleasedBranch(pulumi.ComponentResource):
    """Owns the branch's protection rule and ruleset, and the branch itself where it was created; never its commits."""

    def __init__(self, name: str, args: ReleasedBranchArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("deployment:index:ReleasedBranch", name, opts=opts)
        rule = declare_protection(args.branch)
        branch = args.branch.create_from and github.Branch(
            name,
            repository=args.repository.name,
            branch=rule.pattern,
            source_branch=args.branch.create_from,
            # The commit it started from is history: a moved source branch is no reason to touch this one.
            opts=pulumi.ResourceOptions(
                parent=self, retain_on_delete=True, ignore_changes=["sourceBranch", "sourceSha"]
            ),
        )
        after = [branch] if branch else []
        self._declare_rule(name, args, rule, after)
        self._declare_ruleset(name, args, declare_ruleset(args.branch), after)
        self.register_outputs({})

    def _declare_rule(
        self, name: str, args: ReleasedBranchArgs, rule: ProtectionRule, after: Sequence[pulumi.Resource]
    ) -> None:
        github.BranchProtection(
            name,
            repository_id=args.repository.node_id,
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
            restrict_pushes=[
                github.BranchProtectionRestrictPushArgs(
                    # The branch exists, so what is left of this is pushing to it.
                    blocks_creations=False,
                    push_allowances=args.repository.people.node_ids(rule.push_allowances),
                )
            ]
            if rule.restricts_pushes
            else None,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=after,
                delete_before_replace=True,
                import_=args.repository.adoption.protection(name, rule.pattern),
            ),
        )

    def _declare_ruleset(
        self, name: str, args: ReleasedBranchArgs, ruleset: BranchRuleset, after: Sequence[pulumi.Resource]
    ) -> None:
        checks = github.RepositoryRulesetRulesRequiredStatusChecksArgs(
            strict_required_status_checks_policy=ruleset.strict,
            # Without it the branch could not be created: a new ref has no checks yet.
            do_not_enforce_on_create=True,
            required_checks=[
                github.RepositoryRulesetRulesRequiredStatusChecksRequiredCheckArgs(
                    context=check, integration_id=ruleset.app
                )
                for check in ruleset.checks
            ],
        )
        github.RepositoryRuleset(
            name,
            repository=args.repository.name,
            name=ruleset.name,
            target="branch",
            enforcement="active",
            conditions=github.RepositoryRulesetConditionsArgs(
                ref_name=github.RepositoryRulesetConditionsRefNameArgs(includes=[ruleset.ref], excludes=[])
            ),
            rules=github.RepositoryRulesetRulesArgs(
                pull_request=github.RepositoryRulesetRulesPullRequestArgs(
                    allowed_merge_methods=list(ruleset.merge_methods),
                    required_approving_review_count=ruleset.reviews,
                    dismiss_stale_reviews_on_push=ruleset.dismisses_stale_reviews,
                    require_code_owner_review=ruleset.requires_code_owner_reviews,
                    require_last_push_approval=ruleset.require_last_push_approval,
                    required_review_thread_resolution=ruleset.requires_conversation_resolution,
                ),
                required_status_checks=checks if ruleset.checks else None,
            ),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=after, import_=args.repository.adoption.ruleset(name, ruleset.name)
            ),
        )
