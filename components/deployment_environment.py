"""One Actions environment with what its jobs may use."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_github as github

from estate.actions_environment import ActionsEnvironment


@dataclass(frozen=True, kw_only=True)
class DeploymentEnvironmentArgs:
    """What the environment should be.

    Attributes:
        repository: the repository's name.
        environment: name and branches.
        secrets: name to value.
        variables: name to value, which anybody who can read the repository sees.
    """

    repository: str
    environment: ActionsEnvironment
    secrets: Mapping[str, pulumi.Input[str]]
    variables: Mapping[str, pulumi.Input[str]]


class DeploymentEnvironment(pulumi.ComponentResource):
    """Owns the environment, its branch policies, and its secrets and variables by name; leaves others alone."""

    def __init__(self, name: str, args: DeploymentEnvironmentArgs) -> None:
        super().__init__("deployment:index:DeploymentEnvironment", name)
        environment = github.RepositoryEnvironment(
            name,
            repository=args.repository,
            environment=args.environment.name,
            deployment_branch_policy=github.RepositoryEnvironmentDeploymentBranchPolicyArgs(
                protected_branches=False, custom_branch_policies=True
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Deleting before replacing: a replaced secret is otherwise written, and then deleted under the same name.
        inside = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        for branch in args.environment.branches:
            github.RepositoryEnvironmentDeploymentPolicy(
                f"{name}-{branch}",
                repository=args.repository,
                environment=environment.environment,
                branch_pattern=branch,
                opts=inside,
            )
        for secret, value in args.secrets.items():
            github.ActionsEnvironmentSecret(
                f"{name}-{secret}",
                repository=args.repository,
                environment=environment.environment,
                secret_name=secret,
                value=value,
                opts=inside,
            )
        for variable, value in args.variables.items():
            github.ActionsEnvironmentVariable(
                f"{name}-{variable}",
                repository=args.repository,
                environment=environment.environment,
                variable_name=variable,
                value=value,
                opts=inside,
            )
        self.register_outputs({})
