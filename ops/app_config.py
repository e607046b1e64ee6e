"""Writes what the iOS app has to know of an environment."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ops.stack_target import read_stack
from release.credentials import read_credential
from release.error import ReleaseError
from release.management_api import ManagementApi
from release.target import Target


def app_config(
    stack: Annotated[str, typer.Option(help="The stack that the app is to talk to.")],
    *,
    output: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
) -> None:
    """Write an xcconfig with the project's URL and its publishable key.

    The key is public: what it may do the database's policies say. No other key is ever written.
    """
    _, target = read_stack(stack)
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", stack)) as api:
        key = _publishable_key(target, api)
    # Two slashes begin a comment in an xcconfig.
    address = target.url.replace("//", "/$()/")
    text = (
        f"// Of stack {stack}; written by `python -m ops app-config`.\n"
        f"SUPABASE_URL = {address}\n"
        f"SUPABASE_PUBLISHABLE_KEY = {key}\n"
    )
    if output is None:
        typer.echo(text, nl=False)
        return
    _replace(output, text)
    typer.echo(f"{output} is of stack {stack}", err=True)


def _publishable_key(target: Target, api: ManagementApi) -> str:
    keys = api.api_keys()
    for kind, name in (("publishable", None), ("legacy", "anon")):
        for key in keys:
            if key.get("type") == kind and name in (None, key.get("name")) and key.get("api_key"):
                return str(key["api_key"])
    raise ReleaseError(
        f"Project {target.ref} has neither a publishable key nor an anon key that this token can see. Nothing was"
        " written. Remedy: create one in the project's API settings, or use a token with api_gateway_keys_read."
    )


def _replace(output: Path, text: str) -> None:
    """Write the file whole or not at all."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(output)
    except OSError as error:
        raise ReleaseError(f"{output} can't be written: {error.strerror}. Remedy: name another --output.") from error
