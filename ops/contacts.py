"""Tells whom to call."""

from pathlib import Path
from typing import Annotated

import typer

from ops.outcome import tell_outcome
from settings.reading import read_files


def contacts(
    stack: Annotated[str, typer.Option(help="The stack that is in trouble.")] = "production",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell whom to call, as the stack's configuration says."""
    known = read_files(Path.cwd(), stack).contacts
    told = "\n".join(f"{what}: {who}" for what, who in known.items())
    nobody = "The configuration names nobody. Remedy: contacts in Pulumi.yaml or the stack file."
    tell_outcome(known, told or nobody, as_json=as_json)
