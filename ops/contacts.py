"""Tells whom to call."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from settings import read_files

_console = Console(highlight=False, soft_wrap=True)


def contacts(
    stack: Annotated[str, typer.Option(help="The stack that is in trouble.")] = "production",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell whom to call, as the stack's configuration says."""
    known = read_files(Path.cwd(), stack).contacts
    if as_json:
        sys.stdout.write(json.dumps(dict(known)) + "\n")
        return
    for what, who in known.items():
        _console.print(f"{what}: {who}", markup=False)
    if not known:
        _console.print("The configuration names nobody. Remedy: contacts in Pulumi.yaml or the stack file.")
