"""One Actions environment with what its jobs may use."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_github as github

from estate.actions_environment import declare_environment
from settings import EnvironmentSettings, VariableSource, secret_value


@dataclass(frozen=True, kw_only=True)
class DeploymentEnvironmentArgs:
    """What the environment should be.

    Attributes:
        repository: the repository's name.
        name: the environment's name on GitHub.
        environment: branches, and where secrets and variables come from.
        values: what the sources other than the configuration give.
    """

    repository: str
    name: str
    environment: EnvironmentSettings
    values: Mapping[VariableSource, pulumi.Output[str]]


class DeploymentEnvironment(pulumi.ComponentResource):
    """Owns the environment, its branch policies, and its secrets and variables by name; leaves others alone."""

    def __init__(self, name: str, args: DeploymentEnvironmentArgs) -> None:
        super().__init__("deployment:index:DeploymentEnvironment", name)
        declared = declare_environment(args.name, args.environment)
        environment = github.RepositoryEnvironment(
            name,
            repository=args.repository,
            environment=declared.name,
            deployment_branch_policy=github.RepositoryEnvironmentDeploymentBranchPolicyArgs(
                protected_branches=False, custom_branch_policies=True
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Deleting before replacing: a replaced secret is otherwise written, and then deleted under the same name.
        inside = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        for branch in declared.branches:
            github.RepositoryEnvironmentDeploymentPolicy(
                f"{name}-{branch}",
                repository=args.repository,
                environment=environment.environment,
                branch_pattern=branch,
                opts=inside,
            )
        for secret, origin in declared.secrets.items():
            github.ActionsEnvironmentSecret(
                f"{name}-{secret}",
                repository=args.repository,
                environment=environment.environment,
                secret_name=secret,
                value=secret_value(secret) if origin == "config" else args.values[origin],
                opts=inside,
            )
        for variable, source in declared.variables.items():
            github.ActionsEnvironmentVariable(
                f"{name}-{variable}",
                repository=args.repository,
                environment=environment.environment,
                variable_name=variable,
                value=args.values[source],
                opts=inside,
            )
        self.register_outputs({})
