"""Reads a stack's configuration, wherever it comes from; knows no engine, so that a step of a release starts quickly.

Every mistake of a stack file is collected and reported in one error before the first resource is declared.
"""

import contextlib
import datetime as dt
import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from settings.error import SettingsError
from settings.printable import one_line
from settings.provided import provided_value
from settings.stack import Settings
from settings.stack_document import read_document, read_section
from settings.supabase import SupabaseSettings

# The salt of the stack files as published: whoever can read the repository can decrypt what is encrypted under it.
PUBLIC_ENCRYPTION_SALT = "v1:6YPySyzDdcA=:v1:Q48Ris8SWbTWBoIh:W+Q3ntGJyb2FtA886pJtILD94lcEDQ=="
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
# What a stack is besides its file: given by whoever reads it.
_GIVEN = frozenset({"stack", "owner", "others"})


# Where the name of a secret is asked for, people write the secret; only what looks like a name is shown.
_NAMES_OF_SECRETS = frozenset({"secrets", "functionSecrets", "notification", "incidents", "sentry"})
_NAME = re.compile(r"[A-Z0-9_]{1,40}")
_SHOWN_CHARACTERS = 80
_SHOWN_MISTAKES = 50
_shown = partial(one_line, longest=_SHOWN_CHARACTERS)
# Remedies by pydantic's error type; what is not here has its remedy in the message itself.
_REMEDIES = {
    "missing": "add the key",
    "extra_forbidden": "remove the key, or correct its spelling",
    "literal_error": "use one of the values named",
}
_REMEDY_FOR_REF = "a project's ref is 20 small letters; see its settings page"


def _mistakes(error: ValidationError, stack_file: str, namespace: str) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        location = [str(part) for part in detail["loc"] if part != "[key]"]
        key = f"{'github' if location[0] == 'owner' else namespace}:{_shown('.'.join(location))}"
        shown = detail["type"] not in {"missing", "extra_forbidden"} and _may_be_shown(location, detail["input"])
        value = f" = {_describe(detail['input'])}" if shown else ""
        pattern = detail["type"] == "string_pattern_mismatch" and location[-1] == "ref"
        remedy = _REMEDY_FOR_REF if pattern else _REMEDIES.get(detail["type"], "correct the value")
        message = detail["msg"].removeprefix("Value error, ")
        yield f"{stack_file}: {key}{value}: {message}. Remedy: {remedy}."


def _may_be_shown(location: Sequence[str], value: Any) -> bool:
    if _NAMES_OF_SECRETS.isdisjoint(location):
        return True
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _describe(value: Any) -> str:
    try:
        return json.dumps(value, default=str)[:_SHOWN_CHARACTERS]
    except (RecursionError, TypeError, ValueError):
        return "…"


def _unknown_keys(keys: set[str], stack_file: str, namespace: str) -> Iterator[str]:
    known = _known_keys()
    for key in sorted(keys - known):
        near = difflib.get_close_matches(key, sorted(known), n=1)
        hint = f"did you mean {namespace}:{near[0]}?" if near else "remove the key"
        yield f"{stack_file}: {namespace}:{_shown(key)}: no such setting. Remedy: {hint}."


def _known_keys() -> frozenset[str]:
    return frozenset(to_camel(name) for name in Settings.model_fields.keys() - _GIVEN)


def _disagreements(settings: Settings, stack_file: str, namespace: str) -> Iterator[str]:
    """Find what is right by itself, and wrong together with another part or today."""
    project = settings.supabase.project
    for stack, other in sorted(settings.others.items()):
        region = other.project.region
        if project.ref is None and other.project.ref and region != project.region:
            yield (
                f"{stack_file}: {namespace}:supabase.project.region = {project.region}: stack {stack} adopts a project"
                f" in {region}, and what is validated here would run elsewhere there. Remedy: use {region}."
            )
    validated_by = settings.promotion.validated_by
    if validated_by and validated_by not in settings.others:
        yield (
            f"{stack_file}: {namespace}:promotion.validatedBy = {validated_by}: no other stack file declares such a"
            " stack with a project. Remedy: name one that does."
        )
    deletion = settings.waivers.deletion
    if deletion and deletion.until < dt.datetime.now(dt.UTC).date():
        yield (
            f"{stack_file}: {namespace}:waivers.deletion: it held until {deletion.until}. Remedy: remove it, or decide"
            " anew and set a later day."
        )


def parse(
    stack: str,
    namespace: str,
    config: Mapping[str, str],
    secret_keys: frozenset[str],
    environment: Mapping[str, str] | None,
    *,
    others: Mapping[str, SupabaseSettings] | None = None,
    withheld: bool = False,
    kept: bool = False,
) -> Settings:
    """Check a stack's configuration as a whole.

    Args:
        stack: the stack's name, for the messages.
        namespace: the project's name, which prefixes the keys.
        config: the engine's flat configuration, `namespace:key` to text (JSON for structures).
        secret_keys: those keys whose values are encrypted.
        environment: the process environment, the second source of secret values; None where no values are needed.
        others: the projects of the other stacks.
        withheld: whether this run goes without the values of secrets.
        kept: whether it goes without those of GitHub's.

    Raises:
        SettingsError: one text with every mistake: stack file, key, value, remedy.
    """
    stack_file = f"Pulumi.{stack}.yaml"
    own = {key.split(":", 1)[1]: value for key, value in config.items() if key.startswith(f"{namespace}:")}
    plain = {key: value for key, value in own.items() if f"{namespace}:{key}" not in secret_keys}
    # A capitalised key holds the value of a secret; whether it is encrypted is checked below.
    values = {key for key in own if key.isupper()}
    structures: dict[str, Any] = {"stack": stack, "others": others or {}}
    for key, text in plain.items():
        try:
            structures[key] = json.loads(text) if text[:1] in "[{" else text
        except (ValueError, RecursionError):
            structures[key] = text
    if "github:owner" in config:
        structures["owner"] = config["github:owner"]
    mistakes = list(_unknown_keys(set(own) - values, stack_file, namespace))
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(
            {key: value for key, value in structures.items() if key in _GIVEN | _known_keys()}
        )
    except ValidationError as error:
        mistakes += _mistakes(error, stack_file, namespace)
    mistakes += [
        f"{stack_file}: {namespace}:{_shown(key)}: the value of a secret stands there in plain text. Remedy: pulumi"
        f" config set --secret {_shown(key)} --stack {stack}, and change the value where it is used."
        for key in sorted(values & set(plain))
    ]
    if settings:
        mistakes += _disagreements(settings, stack_file, namespace)
        mistakes += [
            f"{stack_file}: {namespace}:{name}: no value for this secret. Remedy: pulumi config set --secret {name}"
            f" --stack {stack}, or export {name}."
            for name in sorted((settings.release_secret_names() if kept else settings.secret_names()) - values)
            if environment is not None and not withheld and not provided_value(name, stack, environment)
        ]
        mistakes += [
            f"{stack_file}: {namespace}:environments: no value for the variable {name}. Remedy: export {name}."
            for name in sorted(settings.variable_names())
            if environment is not None and not environment.get(name)
        ]
    if mistakes or not settings:
        more = len(mistakes) - _SHOWN_MISTAKES
        told = [*mistakes[:_SHOWN_MISTAKES], *([f"… and {more} more"] if more > 0 else [])]
        raise SettingsError("\n".join([f"The configuration of stack {stack} can't be used:", *told]))
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
    document = read_document(stack_file) if stack_file.exists() else {}
    if document.get("encryptionsalt") != PUBLIC_ENCRYPTION_SALT:
        return
    for variable, address in endpoints.items():
        if not is_on_this_machine(address):
            raise SettingsError(
                f"Pulumi.{stack}.yaml encrypts under the passphrase that is published with this project, and"
                f" {variable} points to {urlsplit(address).hostname}: anybody could read the secrets of this stack."
                f" Remedy: pulumi stack change-secrets-provider passphrase --stack {stack} (or a key service), then"
                " set the secrets anew. To work on the local cloud: python -m localcloud shell."
            )


def is_on_this_machine(address: str) -> bool:
    """Tell whether an address is a loopback one, such as the local cloud's."""
    return urlsplit(address).hostname in LOOPBACK_HOSTS


def read_other_projects(project_directory: Path, namespace: str, stack: str) -> dict[str, SupabaseSettings]:
    """Read which projects the other stack files declare; a file with mistakes is reported by its own stack."""
    others = {}
    for path in sorted(project_directory.glob("Pulumi.*.yaml")):
        other = path.name.split(".")[1]
        if other == stack:
            continue
        with contextlib.suppress(SettingsError, ValidationError):
            supabase = read_section(path, read_document(path), "config").get(f"{namespace}:supabase")
            if supabase is not None:
                others[other] = SupabaseSettings.model_validate(supabase)
    return others


def read_files(project_directory: Path, stack: str) -> Settings:
    """Read a stack's settings from its files, without the engine; values of secrets stay unread, and may be missing.

    Raises:
        SettingsError: there is no such stack file, or it can't be used.
    """
    path = project_directory / f"Pulumi.{stack}.yaml"
    if not _is_there(path):
        raise SettingsError(f"There is no {path.name} here. Remedy: name a stack whose file exists, with --stack.")
    program_file = project_directory / "Pulumi.yaml"
    program = read_document(program_file)
    name = program.get("name")
    if not isinstance(name, str):
        raise SettingsError("Pulumi.yaml has no `name`, which prefixes every key. Remedy: name the project there.")
    entries = read_section(program_file, program, "config")
    common = {
        key: entry["value"] if isinstance(entry, dict) and "value" in entry else entry for key, entry in entries.items()
    }
    own = read_section(path, read_document(path), "config")
    secure = frozenset(key for key, value in own.items() if isinstance(value, dict) and set(value) == {"secure"})
    flat = {
        key: value if isinstance(value, str) else json.dumps(value, default=str)
        for key, value in (common | own).items()
    }
    others = read_other_projects(project_directory, name, stack)
    return parse(stack, name, flat, secure, None, others=others)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        # A name that no file can have.
        return False
