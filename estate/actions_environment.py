"""The Actions environments that a stack should have."""

from collections.abc import Mapping
from dataclasses import dataclass

from settings import SecretSource, Settings, VariableSource


@dataclass(frozen=True, kw_only=True)
class ActionsEnvironment:
    """One Actions environment.

    Attributes:
        name: its name on GitHub.
        branches: patterns of the branches that may deploy to it; no other branch and no tag may.
        secrets: name to where the value comes from; values themselves are no facts of the estate.
        variables: name to where the value comes from.
    """

    name: str
    branches: tuple[str, ...]
    secrets: Mapping[str, SecretSource]
    variables: Mapping[str, VariableSource]


def declare_environments(settings: Settings) -> tuple[ActionsEnvironment, ...]:
    """Give the environments of a stack, sorted by name."""
    return tuple(
        ActionsEnvironment(
            name=name,
            branches=environment.branches,
            secrets=dict(sorted(environment.secrets.items())),
            variables=dict(sorted(environment.variables.items())),
        )
        for name, environment in sorted(settings.environments.items())
    )
