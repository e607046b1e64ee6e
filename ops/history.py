"""Shows what was released to a stack, rolled back, and refused."""

import json
import sys
from dataclasses import asdict
from itertools import pairwise
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ops.release_log import read_log
from ops.stack_target import read_stack
from release.credentials import read_credential
from release.live_state import KnownHashes
from release.management_api import ManagementApi
from release.record import Record


def history(
    stack: Annotated[str, typer.Option(help="The stack whose records are shown.")],
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with everything that is on record.")] = False,
) -> None:
    """Show the records of a stack: releases, hotfixes, rollbacks, and what failed its smoke tests."""
    _, target = read_stack(stack)
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", stack)) as api:
        records, hashes = read_log(api, target)
    shown = list(reversed(records))[:limit]
    if as_json:
        document = [{**asdict(record), "held": record.digest in hashes.held} for record in shown]
        sys.stdout.write(json.dumps(document) + "\n")
        return
    Console(highlight=False).print(_table(stack, shown, records, hashes))


def _table(stack: str, shown: list[Record], records: tuple[Record, ...], hashes: KnownHashes) -> Table:
    table = Table(title=f"Records of {stack}, the newest first", title_justify="left", box=SIMPLE)
    for heading in ("", "kind", "when (UTC)", "hash", "commit", "by"):
        table.add_column(heading, no_wrap=True)
    for heading in ("changed", "why"):
        table.add_column(heading, overflow="fold")
    before = {later.number: earlier for earlier, later in pairwise(records)}
    for record in shown:
        table.add_row(
            str(record.number),
            record.kind + (", on hold" if record.digest in hashes.held else ""),
            record.at.replace("T", " ")[:16],
            record.digest[:8],
            f"{(record.commit or 'none')[:8]}{'+' if record.dirty else ''}",
            record.by,
            _changed(record, before.get(record.number)),
            record.reason or _first_line(record.report),
        )
    table.caption = "+ after a commit: the backend differed from it"
    table.caption_justify = "left"
    return table


def _changed(record: Record, before: Record | None) -> str:
    functions = before.functions if before else {}
    names = sorted(slug for slug, digest in record.functions.items() if functions.get(slug) != digest)
    migrations = len(set(record.migrations) ^ set(before.migrations if before else ()))
    parts = [*names, *([f"{migrations} migration{'s' if migrations > 1 else ''}"] if migrations else [])]
    return ", ".join(parts) or "nothing"


def _first_line(report: Any) -> str:
    lines = str(report.get("failure", "")).splitlines()
    return lines[0] if lines else ""
