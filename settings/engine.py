"""The configuration of the stack that the engine is running: the only module that reads `pulumi.Config`."""

import os
from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret

from settings.error import SettingsError
from settings.provided import provided_value
from settings.reading import parse, read_other_projects, refuse_public_encryption
from settings.stack import Settings
from settings.withheld import WITHHELD, repository_secrets_are_kept, values_are_withheld


def load() -> Settings:
    """Read and check the configuration of the stack that the engine is running.

    Raises:
        pulumi.RunError: the configuration can't be used; the engine shows the text without a traceback.
    """
    stack = pulumi.get_stack()
    config = CONFIG.get()
    withheld = values_are_withheld()
    if withheld and not pulumi.runtime.is_dry_run():
        raise pulumi.RunError(
            "DEPLOYMENT_VALUES withholds the values of secrets, and only a preview can go without. Nothing was changed."
            " Remedy: unset it."
        )
    try:
        # Without values there is nothing that its public encryption could give away.
        if not withheld:
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
            others=read_other_projects(Path.cwd(), pulumi.get_project(), stack),
            withheld=withheld,
            kept=repository_secrets_are_kept(),
        )
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from error


def variable_values(settings: Settings) -> dict[str, pulumi.Output[str]]:
    """Give the values that the environment has for a stack's variables, by name."""
    return {name: pulumi.Output.from_input(os.environ[name]) for name in settings.variable_names()}


def secret_value(name: str) -> pulumi.Output[str]:
    """Give the value of a secret, encrypted from the first moment: the stack's own, or else the environment's.

    Args:
        name: the secret's name, one of `Settings.secret_names`.
    """
    if values_are_withheld():
        return pulumi.Output.secret(WITHHELD)
    configured = pulumi.Config().get_secret(name)
    if configured is not None:
        return configured
    provided = provided_value(name, pulumi.get_stack(), os.environ)
    assert provided is not None, f"{name} was found when the configuration was read"  # noqa: S101
    return pulumi.Output.secret(provided)
