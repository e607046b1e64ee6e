"""Where a release command gets its credentials: never from its inputs, since a rotated one would re-run it."""

import os
import subprocess

from release.error import ReleaseError
from settings.provided import provided_value


def read_credential(name: str, stack: str) -> str:
    """Read a credential from the environment that the engine was started in, or else from the stack's configuration.

    Args:
        name: environment variable and configuration key, such as SUPABASE_DB_PASSWORD; the variable of this stack
            alone, SUPABASE_DB_PASSWORD_STAGING, comes first.
        stack: the stack whose configuration holds it.

    Raises:
        ReleaseError: neither has it.
    """
    if value := provided_value(name, stack, os.environ):
        return value
    if not (value := _ask_engine(name, stack)):
        raise ReleaseError(
            f"{name} is neither in the environment nor in the configuration of stack {stack}, so this step can't run."
            f" Remedy: pulumi config set --secret {name} --stack {stack}, or export {name}."
        )
    return value


def check_token(name: str, token: str) -> None:
    """Refuse a token that can't stand in a header: sending it would end in an error that quotes it.

    Args:
        name: of the credential, for the text.
        token: its value.

    Raises:
        ReleaseError: it has such characters; it was not sent.
    """
    if not token.isascii() or not token.isprintable():
        raise ReleaseError(
            f"{name} holds characters that no token has, such as a line's end, so it was not sent. Remedy: set it anew."
        )


def _ask_engine(name: str, stack: str) -> str:
    try:
        result = subprocess.run(
            ["pulumi", "config", "get", name, "--stack", stack, "--non-interactive"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        # Without an engine there is the environment alone.
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""
