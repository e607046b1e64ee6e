"""What belongs to the repository as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_github as github

from components.repository_facts import RepositoryFacts
from components.secret_source import take_secret
from settings.model import variable_key, written
from settings.repository_wide import RepositoryWideSettings

# What the resource could manage and this project does not: without this it would be set to the provider's defaults.
_LEFT_ALONE = [
    "allowAutoMerge",
    "allowForking",
    "allowUpdateBranch",
    "archived",
    "description",
    "hasDiscussions",
    "hasDownloads",
    "hasIssues",
    "hasProjects",
    "hasWiki",
    "homepageUrl",
    "isTemplate",
    "mergeCommitMessage",
    "mergeCommitTitle",
    "pages",
    "private",
    "securityAndAnalysis.secretScanning",
    "squashMergeCommitMessage",
    "squashMergeCommitTitle",
    "template",
    "topics",
    "visibility",
    "vulnerabilityAlerts",
    "webCommitSignoffRequired",
]

_SECRET = "github:index/actionsSecret:ActionsSecret"  # noqa: S105 - a type


@dataclass(frozen=True, kw_only=True)
class RepositoryWideArgs:
    """What the repository should have.

    Attributes:
        repository: the repository.
        wide: settings, labels, secrets and variables.
        values: what the sources other than the configuration give.
    """

    repository: RepositoryFacts
    wide: RepositoryWideSettings
    values: Mapping[str, pulumi.Output[str]]


class RepositoryWide(pulumi.ComponentResource):
    """Owns merge settings, push protection, Actions permissions, and labels, secrets and variables by name.

    The repository is imported, and only archived if ever it were deleted here; its other settings are left alone.
    """

    def __init__(self, name: str, args: RepositoryWideArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("deployment:index:RepositoryWide", name, opts=opts)
        wide = args.wide
        github.Repository(
            name,
            name=args.repository.name,
            allow_merge_commit="merge" in wide.merge_methods,
            allow_squash_merge="squash" in wide.merge_methods,
            allow_rebase_merge="rebase" in wide.merge_methods,
            delete_branch_on_merge=wide.delete_branch_on_merge,
            security_and_analysis=github.RepositorySecurityAndAnalysisArgs(
                secret_scanning_push_protection=github.RepositorySecurityAndAnalysisSecretScanningPushProtectionArgs(
                    status="enabled" if wide.push_protection else "disabled"
                )
            ),
            archive_on_destroy=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=args.repository.name,
                protect=True,
                retain_on_delete=True,
                ignore_changes=_LEFT_ALONE,
            ),
        )
        self._permit_actions(name, args)
        self._fill(args)
        self.register_outputs({})

    def _permit_actions(self, name: str, args: RepositoryWideArgs) -> None:
        actions = args.wide.actions
        selected = actions.allowed == "selected"
        github.ActionsRepositoryPermissions(
            name,
            repository=args.repository.name,
            enabled=True,
            allowed_actions=actions.allowed,
            allowed_actions_config=github.ActionsRepositoryPermissionsAllowedActionsConfigArgs(
                github_owned_allowed=actions.github_owned,
                verified_allowed=actions.verified_creators,
                patterns_alloweds=sorted(actions.patterns),
            )
            if selected
            else None,
            sha_pinning_required=actions.sha_pinning,
            opts=pulumi.ResourceOptions(parent=self),
        )
        github.WorkflowRepositoryPermissions(
            name,
            repository=args.repository.name,
            default_workflow_permissions=actions.default_permissions,
            can_approve_pull_request_reviews=actions.may_approve_pull_requests,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _fill(self, args: RepositoryWideArgs) -> None:
        def inside(import_: str | None = None, ignored: list[str] | None = None) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(
                parent=self, delete_before_replace=True, import_=import_, ignore_changes=ignored
            )

        for label, look in sorted(args.wide.labels.items()):
            github.IssueLabel(
                f"label-{label}",
                repository=args.repository.name,
                name=label,
                color=look.color.lower(),
                description=look.description,
                opts=inside(args.repository.adoption.label(f"label-{label}", label)),
            )
        for secret, origin in sorted(written(args.wide.secrets).items()):
            known = args.repository.adoption.has(_SECRET, f"repository-{secret}")
            value, ignored = take_secret(secret, origin, args.values, known=known)
            github.ActionsSecret(
                f"repository-{secret}",
                repository=args.repository.name,
                secret_name=secret,
                value=value,
                opts=inside(ignored=ignored),
            )
        for variable, source in sorted(args.wide.variables.items()):
            github.ActionsVariable(
                f"repository-{variable}",
                repository=args.repository.name,
                variable_name=variable,
                value=args.values[variable_key(variable, source)],
                opts=inside(args.repository.adoption.variable(f"repository-{variable}", variable)),
            )
