"""One Actions environment with what its jobs may use."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_github as github

from components.repository_facts import RepositoryFacts
from components.secret_source import take_secret
from estate.actions_environment import ActionsEnvironment, declare_environment
from settings.environment import EnvironmentSettings
from settings.model import variable_key, written

_SECRET = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"  # noqa: S105 - a type


@dataclass(frozen=True, kw_only=True)
class DeploymentEnvironmentArgs:
    """What the environment should be.

    Attributes:
        repository: the repository that has it.
        name: the environment's name on GitHub.
        environment: branches, reviewers, and where secrets and variables come from.
        values: what the sources other than the configuration give.
    """

    repository: RepositoryFacts
    name: str
    environment: EnvironmentSettings
    values: Mapping[str, pulumi.Output[str]]


class DeploymentEnvironment(pulumi.ComponentResource):
    """Owns the environment, its branch policies, and its secrets and variables by name; leaves others alone."""

    def __init__(self, name: str, args: DeploymentEnvironmentArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("deployment:index:DeploymentEnvironment", name, opts=opts)
        declared, adoption = declare_environment(args.name, args.environment), args.repository.adoption
        environment = self._environment(name, args, declared)

        def inside(import_: str | None = None, ignored: list[str] | None = None) -> pulumi.ResourceOptions:
            # Deleting before replacing: a replaced secret is otherwise written, and then deleted under the same name.
            return pulumi.ResourceOptions(
                parent=self, delete_before_replace=True, import_=import_, ignore_changes=ignored
            )

        for branch in declared.branches or ():
            github.RepositoryEnvironmentDeploymentPolicy(
                f"{name}-{branch}",
                repository=args.repository.name,
                environment=environment.environment,
                branch_pattern=branch,
                opts=inside(adoption.branch_policy(f"{name}-{branch}", declared.name, branch)),
            )
        for secret, origin in written(declared.secrets).items():
            known = adoption.has(_SECRET, f"{name}-{secret}")
            value, ignored = take_secret(secret, origin, args.values, known=known)
            github.ActionsEnvironmentSecret(
                f"{name}-{secret}",
                repository=args.repository.name,
                environment=environment.environment,
                secret_name=secret,
                value=value,
                opts=inside(ignored=ignored),
            )
        for variable, source in declared.variables.items():
            github.ActionsEnvironmentVariable(
                f"{name}-{variable}",
                repository=args.repository.name,
                environment=environment.environment,
                variable_name=variable,
                value=args.values[variable_key(variable, source)],
                opts=inside(adoption.environment_variable(f"{name}-{variable}", declared.name, variable)),
            )
        self.register_outputs({})

    def _environment(
        self, name: str, args: DeploymentEnvironmentArgs, declared: ActionsEnvironment
    ) -> github.RepositoryEnvironment:
        users, teams = args.repository.people.numbers(declared.reviewers)
        # The GitHub provider never notices that all reviewers are gone, so no run would put them back.
        if declared.reviewers and args.repository.adoption.has_lost_reviewers(name, declared.name):
            pulumi.log.warn(
                f"Environment {declared.name} has no reviewers any more: somebody removed them by hand, and nobody is"
                " asked before a job runs. `pulumi up` can't see that. Remedy: name them again in the repository's"
                " settings (Environments), or change waitMinutes, `pulumi up`, and change it back."
            )
        return github.RepositoryEnvironment(
            name,
            repository=args.repository.name,
            environment=declared.name,
            wait_timer=declared.wait_minutes,
            can_admins_bypass=declared.admins_may_bypass,
            prevent_self_review=declared.prevent_self_review,
            reviewers=[github.RepositoryEnvironmentReviewerArgs(users=users, teams=teams)]
            if declared.reviewers
            else None,
            deployment_branch_policy=None
            if declared.branches is None
            else github.RepositoryEnvironmentDeploymentBranchPolicyArgs(
                protected_branches=False, custom_branch_policies=True
            ),
            opts=pulumi.ResourceOptions(parent=self, import_=args.repository.adoption.environment(name, declared.name)),
        )
