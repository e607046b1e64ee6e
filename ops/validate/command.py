"""The command `validate`."""

import getpass
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ops.release_log import read_log
from ops.stack_target import read_stack
from ops.validate.checks import CHECKS, Found
from ops.validate.noting import note_item
from release.checklist import CHECKLIST_QUERY, ChecklistItem, read_checklist
from release.credentials import read_credential
from release.error import ReleaseError
from release.management_api import ManagementApi
from release.record import VALIDATED, Record
from release.session import open_session
from settings.reading import read_files
from settings.stack import Settings

FINDINGS = 2
# The platform's logs are asked for a day at most.
_LONGEST = timedelta(hours=24)
_console = Console(highlight=False, soft_wrap=True)


def validate(
    stack: Annotated[str, typer.Option(help="The stack that validates, such as staging.")],
    *,
    tick: Annotated[list[str] | None, typer.Option(help="An item that somebody has tried; repeatable.")] = None,
    by: Annotated[str, typer.Option(help="Who has tried it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the checklist as JSON.")] = False,
) -> None:
    """Check what is live besides its smoke tests, and write the checklist of this release.

    Looks at the functions' logs since the release, the platform's advisors, slow statements and services. What people
    try is ticked. Production asks for the items that its promotion.requires lists. Exit codes: 0 all of them hold, 2
    some do not or are not ticked, 1 it could not be found out; what was found until then is on the checklist.
    """
    settings, target = read_stack(stack)
    manual = _manual_items(settings)
    unknown = sorted(set(tick or ()) - set(manual))
    if unknown:
        raise ReleaseError(
            f"Nobody asks for {', '.join(unknown)}. Nothing was ticked. Remedy: promotion.requires of the stack that"
            f" releases lists it; now these are to be tried by people: {', '.join(manual) or 'none'}."
        )
    if tick and not by:
        raise ReleaseError("--tick goes with --by, the name of who has tried it. Nothing was ticked.")
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", stack)) as api:
        records, _ = read_log(api, target)
        record = _newest(stack, records)
        since = max(datetime.fromisoformat(record.at), datetime.now(UTC) - _LONGEST)
        with _console.status("looking at logs, advisors, statements and services"):
            found = {name: check(api, since, datetime.now(UTC)) for name, check in CHECKS.items()}
    ticked = {item: Found(passed=True, told="tried") for item in tick or ()}
    with open_session(target) as session:
        session.bring_up_to_date()
        for item, outcome in (found | ticked).items():
            who = by if item in ticked else f"ops validate, run by {getpass.getuser()}"
            note_item(session, record.digest, item, passed=outcome.passed, told=outcome.told, by=who)
        known = [entry for entry in read_checklist(session.rows(CHECKLIST_QUERY)) if entry.digest == record.digest]
        session.free_lease()
    open_items = [item for item in manual if item not in {entry.item for entry in known}]
    holds = all(entry.passed for entry in known) and not open_items
    if as_json:
        document = {
            "stack": stack,
            "record": record.number,
            "digest": record.digest,
            "items": [asdict(entry) for entry in known],
            "open": open_items,
            "holds": holds,
        }
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        _console.print(_table(stack, record, known, open_items))
    if not holds:
        raise typer.Exit(FINDINGS)


def _manual_items(settings: Settings) -> list[str]:
    """Give what the stacks that go by this one ask for, and no check finds."""
    asked: dict[str, None] = {}
    for other in settings.others:
        promotion = read_files(Path.cwd(), other).promotion
        if promotion.validated_by == settings.stack:
            asked |= dict.fromkeys(item for item in promotion.requires if item not in CHECKS)
    return list(asked)


def _newest(stack: str, records: Sequence[Record]) -> Record:
    """Give the release that is live, which is what there is to validate."""
    if not records or records[-1].kind not in VALIDATED:
        what = f"the newest record is a {records[-1].kind}" if records else "there is none"
        raise ReleaseError(
            f"Nothing in {stack} is to be validated: {what}. Nothing was written. Remedy: pulumi up --stack {stack}"
        )
    return records[-1]


def _table(stack: str, record: Record, known: Iterable[ChecklistItem], open_items: Iterable[str]) -> Table:
    title = f"Checklist of {stack}, release {record.number} ({record.digest[:12]})"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for heading in ("item", "", "found", "by", "when (UTC)"):
        table.add_column(heading, overflow="fold")
    for entry in known:
        mark = "holds" if entry.passed else "does not hold"
        table.add_row(entry.item, mark, entry.told, entry.by, entry.at, style=None if entry.passed else "red")
    for item in open_items:
        table.add_row(item, "open", f"--tick '{item}' --by NAME", "", "", style="yellow")
    return table
