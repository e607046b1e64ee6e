"""An Actions environment that a stack should have."""

from collections.abc import Mapping
from dataclasses import dataclass

from settings import EnvironmentSettings, SecretSource, VariableSource


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


def declare_environment(name: str, settings: EnvironmentSettings) -> ActionsEnvironment:
    """Give the environment that the stack file describes under `name`."""
    return ActionsEnvironment(
        name=name,
        branches=settings.branches,
        secrets=dict(sorted(settings.secrets.items())),
        variables=dict(sorted(settings.variables.items())),
    )
