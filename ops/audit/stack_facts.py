"""What a stack has beside its files: the values of its secrets and the addresses of its project."""

import json
import os
from collections.abc import Mapping

from ops.engine import run_engine
from release.error import ReleaseError
from release.target import DEFAULT_PROJECT_URL
from settings.provided import provided_value
from settings.stack import Settings


def read_values(settings: Settings) -> Mapping[str, str | None]:
    """Give the values of the functions' secrets and of the Supabase token, in memory alone; None for those unknown.

    Those that the environment has come from there; for the others the engine is asked once for the configuration.
    """
    names = (*settings.function_secrets, "SUPABASE_ACCESS_TOKEN")
    values = {name: provided_value(name, settings.stack, os.environ) for name in names}
    if all(values.values()):
        return values
    configured = _read_configuration(settings.stack)
    return {name: value or configured.get(name) for name, value in values.items()}


def give_sources(settings: Settings, ref: str | None) -> Mapping[str, str | None]:
    """Give what the sources of variables come to; None where there is no project, or no such variable here."""
    template = os.environ.get("SUPABASE_PROJECT_URL", DEFAULT_PROJECT_URL)
    own = {name: os.environ.get(name) for name in settings.variable_names()}
    return {"project.ref": ref, "project.url": ref and template.replace("{ref}", ref), **own}


def _read_configuration(stack: str) -> Mapping[str, str]:
    try:
        result = run_engine(["config", "--show-secrets", "--json", "--stack", stack])
    except ReleaseError:
        return {}
    if result.returncode != 0:
        return {}
    entries = json.loads(result.stdout)
    return {key.rpartition(":")[2]: entry["value"] for key, entry in entries.items() if "value" in entry}
