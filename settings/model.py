"""What every part of a stack file has in common, and the forms of names and sources in it."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

BY_HAND = "by-hand"
"""Source of a secret that somebody sets on GitHub."""
VariableSource = Literal["project.ref", "project.url", "environment"]


def _configurable_name(name: str) -> str:
    # GitHub's own rule for secrets and variables (REST API, "Create or update an environment secret").
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name) or name.startswith("GITHUB_"):
        raise ValueError("not a name GitHub accepts: capitals, digits and _, not starting with a digit or GITHUB_")
    return name


def _function_secret_name(name: str) -> str:
    if name.startswith("SUPABASE_"):
        raise ValueError("names starting with SUPABASE_ belong to the platform")
    return _configurable_name(name)


def _secret_source(source: str) -> str:
    if source not in {"config", BY_HAND, "project.ref", "project.url"} and not re.fullmatch(
        r"config:[A-Z_][A-Z0-9_]*", source
    ):
        raise ValueError("no source of a secret: config, config:OTHER_NAME, by-hand, project.ref or project.url")
    return source


ConfigurableName = Annotated[str, AfterValidator(_configurable_name)]
FunctionSecretName = Annotated[str, AfterValidator(_function_secret_name)]
SecretSource = Annotated[str, AfterValidator(_secret_source)]


def written(secrets: Mapping[str, str]) -> dict[str, str]:
    """Give the secrets that a stack sets, by name, without those that somebody sets by hand."""
    return {name: source for name, source in secrets.items() if source != BY_HAND}


def variable_key(name: str, source: str) -> str:
    """Tell under which key the values of sources hold a variable's: its own name where the environment has it."""
    return name if source == "environment" else source


def configured_name(name: str, source: str) -> str | None:
    """Tell under which name the configuration holds a secret's value; None where it comes from elsewhere."""
    if source == "config":
        return name
    return source.removeprefix("config:") if source.startswith("config:") else None


class Model(BaseModel):
    """A part of the stack file: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, defer_build=True
    )


class Principals(Model):
    """People and teams of the owner, by login and by slug."""

    users: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.users or self.teams)
