"""The Actions environments of a stack."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from settings.model import ConfigurableName, Model, Principals, SecretSource, VariableSource


class EnvironmentSettings(Model):
    """One Actions environment: who may deploy to it and when, and where its secrets and variables come from.

    `branches` are patterns of the branches whose jobs may use it. A pull request's jobs run on a ref of their own, so
    an environment for previews takes `any`.
    """

    branches: Literal["any"] | Annotated[tuple[str, ...], Field(min_length=1)]
    reviewers: Principals = Principals()
    prevent_self_review: bool = False
    wait_minutes: int = Field(default=0, ge=0, le=43_200)
    admins_may_bypass: bool = False
    secrets: Mapping[ConfigurableName, SecretSource] = {}
    variables: Mapping[ConfigurableName, VariableSource] = {}
