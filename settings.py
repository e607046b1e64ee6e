"""The stack's configuration: read once, checked as a whole, frozen.

This is the only module that reads `pulumi.Config`. Every mistake of a stack file is collected and reported in one
error before the first resource is declared.
"""

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import pulumi
import yaml
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

# The salt of the stack files as published: whoever can read the repository can decrypt what is encrypted under it.
PUBLIC_ENCRYPTION_SALT = "v1:6YPySyzDdcA=:v1:Q48Ris8SWbTWBoIh:W+Q3ntGJyb2FtA886pJtILD94lcEDQ=="
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
# The regions that the Management API accepts for `region` (its OpenAPI document, operation v1-create-a-project).
REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-east-1",
    "ap-southeast-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-southeast-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "eu-central-1",
    "eu-central-2",
    "ca-central-1",
    "ap-south-1",
    "sa-east-1",
)

SecretSource = Literal["config", "project.ref", "project.url"]
VariableSource = Literal["project.ref", "project.url"]


def _known_region(region: str) -> str:
    if region not in REGIONS:
        near = difflib.get_close_matches(region, REGIONS, n=1)
        raise ValueError(f"no region of Supabase{f'; did you mean {near[0]}?' if near else ''}")
    return region


def _configurable_name(name: str) -> str:
    # GitHub's own rule for secrets and variables (REST API, "Create or update an environment secret").
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name) or name.startswith("GITHUB_"):
        raise ValueError("not a name GitHub accepts: capitals, digits and _, not starting with a digit or GITHUB_")
    return name


def _function_secret_name(name: str) -> str:
    if name.startswith("SUPABASE_"):
        raise ValueError("names starting with SUPABASE_ belong to the platform")
    return _configurable_name(name)


Region = Annotated[str, AfterValidator(_known_region)]
ConfigurableName = Annotated[str, AfterValidator(_configurable_name)]
FunctionSecretName = Annotated[str, AfterValidator(_function_secret_name)]


class Model(BaseModel):
    """A part of the stack file: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)


class ProjectSettings(Model):
    """The Supabase project of this environment: created where `ref` is absent, adopted by `ref` otherwise."""

    name: str = Field(min_length=1, max_length=256)
    region: Region
    ref: str | None = Field(default=None, pattern=r"^[a-z]{20}$")


class SupabaseSettings(Model):
    """Where the project lives: the organisation's slug, and the project itself."""

    organization: str = Field(min_length=1)
    project: ProjectSettings


class ReviewSettings(Model):
    """What a pull request into the branch needs of its reviewers."""

    approvals: int = Field(default=1, ge=0, le=6)
    dismiss_stale: bool = True
    require_code_owners: bool = False
    require_last_push_approval: bool = False


class ProtectionSettings(Model):
    """The branch's protection rule."""

    reviews: ReviewSettings = ReviewSettings()
    required_checks: tuple[str, ...] = ()
    up_to_date: bool = False
    enforce_admins: bool = False
    conversations_resolved: bool = False


class BranchSettings(Model):
    """The branch whose pushes release this environment; `create_from` names the branch it starts from if absent."""

    name: str = Field(min_length=1)
    create_from: str | None = None
    protection: ProtectionSettings = ProtectionSettings()


class EnvironmentSettings(Model):
    """One Actions environment: which branches may deploy, and where its secrets and variables come from."""

    branches: tuple[str, ...] = Field(min_length=1)
    secrets: Mapping[ConfigurableName, SecretSource] = {}
    variables: Mapping[ConfigurableName, VariableSource] = {}


class BackendSettings(Model):
    """The backend to release: its folder, and how its release behaves."""

    directory: str = "backend"
    parallel_deploys: int = Field(default=4, ge=1, le=16)
    smoke_test_seconds: int = Field(default=120, ge=10, le=480)
    lock_timeout_seconds: int = Field(default=5, ge=1, le=60)


class Settings(Model):
    """Everything that a stack file says, checked."""

    stack: str
    owner: str
    repository: str = Field(min_length=1)
    supabase: SupabaseSettings
    branch: BranchSettings
    environments: Mapping[str, EnvironmentSettings]
    function_secrets: tuple[FunctionSecretName, ...] = ()
    backend: BackendSettings = BackendSettings()

    def secret_names(self) -> frozenset[str]:
        """Name the secrets whose values somebody must provide, by the stack's configuration or the environment."""
        of_environments = {
            name
            for environment in self.environments.values()
            for name, source in environment.secrets.items()
            if source == "config"
        }
        return frozenset(of_environments | set(self.function_secrets) | {"SUPABASE_DB_PASSWORD"})


class SettingsError(Exception):
    """The stack's configuration can't be used; the text lists every mistake with its remedy."""


# Remedies by pydantic's error type; what is not here has its remedy in the message itself.
_REMEDIES = {
    "missing": "add the key",
    "extra_forbidden": "remove the key, or correct its spelling",
    "literal_error": "use one of the values named",
    "string_pattern_mismatch": "a project's ref is 20 small letters; see its settings page",
}


def _mistakes(error: ValidationError, stack_file: str, namespace: str) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        location = [str(part) for part in detail["loc"] if part != "[key]"]
        key = f"{'github' if location[0] == 'owner' else namespace}:{'.'.join(location)}"
        value = "" if detail["type"] == "missing" else f" = {json.dumps(detail['input'], default=str)[:80]}"
        remedy = _REMEDIES.get(detail["type"], "correct the value")
        message = detail["msg"].removeprefix("Value error, ")
        yield f"{stack_file}: {key}{value}: {message}. Remedy: {remedy}."


def _unknown_keys(keys: set[str], stack_file: str, namespace: str) -> Iterator[str]:
    known = {to_camel(name) for name in Settings.model_fields} - {"stack", "owner"}
    for key in sorted(keys - known):
        near = difflib.get_close_matches(key, sorted(known), n=1)
        hint = f"did you mean {namespace}:{near[0]}?" if near else "remove the key"
        yield f"{stack_file}: {namespace}:{key}: no such setting. Remedy: {hint}"


def parse(
    stack: str, namespace: str, config: Mapping[str, str], secret_keys: frozenset[str], environment: Mapping[str, str]
) -> Settings:
    """Check a stack's configuration as a whole.

    Args:
        stack: the stack's name, for the messages.
        namespace: the project's name, which prefixes the keys.
        config: the engine's flat configuration, `namespace:key` to text (JSON for structures).
        secret_keys: those keys whose values are encrypted.
        environment: the process environment, the second source of secret values.

    Raises:
        SettingsError: one text with every mistake: stack file, key, value, remedy.
    """
    stack_file = f"Pulumi.{stack}.yaml"
    own = {key.split(":", 1)[1]: value for key, value in config.items() if key.startswith(f"{namespace}:")}
    plain = {key: value for key, value in own.items() if f"{namespace}:{key}" not in secret_keys}
    # A capitalised key holds the value of a secret; whether it is encrypted is checked below.
    values = {key for key in own if key.isupper()}
    structures: dict[str, Any] = {"stack": stack}
    for key, text in plain.items():
        try:
            structures[key] = json.loads(text) if text[:1] in "[{" else text
        except json.JSONDecodeError:
            structures[key] = text
    if "github:owner" in config:
        structures["owner"] = config["github:owner"]
    mistakes = list(_unknown_keys(set(own) - values, stack_file, namespace))
    known = {to_camel(name) for name in Settings.model_fields}
    settings: Settings | None = None
    try:
        settings = Settings.model_validate({key: value for key, value in structures.items() if key in known})
    except ValidationError as error:
        mistakes += _mistakes(error, stack_file, namespace)
    mistakes += [
        f"{stack_file}: {namespace}:{key}: the value of a secret stands there in plain text. Remedy: pulumi config set"
        f" --secret {key} --stack {stack}, and change the value where it is used: it has been exposed."
        for key in sorted(values & set(plain))
    ]
    if settings:
        mistakes += [
            f"{stack_file}: {namespace}:{name}: no value for this secret. Remedy: pulumi config set --secret {name}"
            f" --stack {stack}, or export {name}."
            for name in sorted(settings.secret_names() - values)
            if not environment.get(name)
        ]
    if mistakes or not settings:
        raise SettingsError("\n".join([f"The configuration of stack {stack} can't be used:", *mistakes]))
    return settings


def refuse_public_encryption(stack: str, project_directory: Path, endpoints: Mapping[str, str]) -> None:
    """Refuse a stack whose secrets anybody could decrypt, unless every endpoint is on this machine.

    Args:
        stack: the stack's name.
        project_directory: the folder of the stack file.
        endpoints: environment variable to the address of an API that the stack talks to.

    Raises:
        SettingsError: an endpoint is elsewhere, and the stack file still has the published salt.
    """
    stack_file = project_directory / f"Pulumi.{stack}.yaml"
    document = yaml.safe_load(stack_file.read_text(encoding="utf-8")) if stack_file.exists() else {}
    if (document or {}).get("encryptionsalt") != PUBLIC_ENCRYPTION_SALT:
        return
    for variable, address in endpoints.items():
        if urlsplit(address).hostname not in LOOPBACK_HOSTS:
            raise SettingsError(
                f"Pulumi.{stack}.yaml encrypts under the passphrase that is published with this project, and"
                f" {variable} points to {urlsplit(address).hostname}: anybody could read the secrets of this stack."
                f" Remedy: pulumi stack change-secrets-provider passphrase --stack {stack} (or a key service), then"
                " set the secrets anew. To work on the local cloud: python -m localcloud shell."
            )


def load() -> Settings:
    """Read and check the configuration of the stack that the engine is running.

    Raises:
        pulumi.RunError: the configuration can't be used; the engine shows the text without a traceback.
    """
    stack = pulumi.get_stack()
    config = CONFIG.get()
    try:
        refuse_public_encryption(
            stack,
            Path.cwd(),
            {
                "SUPABASE_API_ENDPOINT": os.environ.get("SUPABASE_API_ENDPOINT", "https://api.supabase.com"),
                "GITHUB_BASE_URL": os.environ.get("GITHUB_BASE_URL", "https://api.github.com"),
            },
        )
        return parse(
            stack,
            pulumi.get_project(),
            config,
            frozenset(key for key in config if is_config_secret(key)),
            os.environ,
        )
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from error


def secret_value(name: str) -> pulumi.Output[str]:
    """Give the value of a secret, encrypted from the first moment: the stack's own, or else the environment's.

    Args:
        name: the secret's name, one of `Settings.secret_names`.
    """
    configured = pulumi.Config().get_secret(name)
    return configured if configured is not None else pulumi.Output.secret(os.environ[name])
