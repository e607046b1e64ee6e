"""An Actions environment that a stack should have."""

from collections.abc import Mapping
from dataclasses import dataclass

from settings.environment import EnvironmentSettings
from settings.model import Principals, SecretSource, VariableSource


@dataclass(frozen=True, kw_only=True)
class ActionsEnvironment:
    """One Actions environment.

    Attributes:
        name: its name on GitHub.
        branches: patterns of the branches that may deploy to it, no other branch and no tag; None for every ref.
        reviewers: one of them has to approve each job.
        wait_minutes: how long a job waits before it starts.
        secrets: name to where the value comes from; values themselves are no facts of the estate.
        variables: name to where the value comes from.
    """

    name: str
    branches: tuple[str, ...] | None
    reviewers: Principals
    prevent_self_review: bool
    wait_minutes: int
    admins_may_bypass: bool
    secrets: Mapping[str, SecretSource]
    variables: Mapping[str, VariableSource]


def declare_environment(name: str, settings: EnvironmentSettings) -> ActionsEnvironment:
    """Give the environment that the stack file describes under `name`."""
    return ActionsEnvironment(
        name=name,
        branches=None if settings.branches == "any" else settings.branches,
        reviewers=settings.reviewers,
        prevent_self_review=settings.prevent_self_review,
        wait_minutes=settings.wait_minutes,
        admins_may_bypass=settings.admins_may_bypass,
        secrets=dict(sorted(settings.secrets.items())),
        variables=dict(sorted(settings.variables.items())),
    )
