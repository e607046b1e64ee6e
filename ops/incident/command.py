"""The commands `incident open`, `update`, `close` and `list`."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ops.incident.status_page import Impact, Incident, Status, StatusPage
from release.credentials import check_token, read_credential
from release.error import ReleaseError
from release.notification import post_text
from settings.incidents import IncidentSettings
from settings.reading import read_files
from settings.stack import Settings

app = typer.Typer(help="Tell the team and the users of an incident.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)
_Stack = Annotated[str, typer.Option("--stack", help="The stack that is in trouble.")]
_Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
_Id = Annotated[str, typer.Argument(help="The incident's id on the status page; the only open one without it.")]
_Text = Annotated[str, typer.Option("--text", help="What people are told.")]


@app.command("open")
def open_incident(
    title: Annotated[str, typer.Argument(help="What users notice, in a few words.")],
    *,
    text: _Text,
    impact: Annotated[Impact, typer.Option(help="How bad it is.")] = "major",
    stack: _Stack = "production",
    as_json: _Json = False,
) -> None:
    """Open an incident: a message to the incidents channel, and one on the status page.

    Exit codes: 0 all that is configured was told; 1 some of it was not, and the text says which.
    """
    settings = read_files(Path.cwd(), stack)
    contacts = "\n".join(f"{what}: {who}" for what, who in settings.contacts.items())
    _tell(
        settings,
        f"INCIDENT ({impact}) in {stack}: {title}\n{text}" + (f"\n{contacts}" if contacts else ""),
        lambda page: page.open(title, text, impact),
        as_json=as_json,
    )


@app.command("update")
def update_incident(
    incident: _Id = "",
    *,
    text: _Text,
    status: Annotated[Status, typer.Option(help="What is being done.")] = "identified",
    stack: _Stack = "production",
    as_json: _Json = False,
) -> None:
    """Say how an incident goes on. Exit codes: as `incident open`."""
    settings = read_files(Path.cwd(), stack)
    _tell(
        settings,
        f"INCIDENT in {stack}, {status}: {text}",
        lambda page: page.update(incident or _only(page), text, status),
        as_json=as_json,
    )


@app.command("close")
def close_incident(incident: _Id = "", *, text: _Text, stack: _Stack = "production", as_json: _Json = False) -> None:
    """Say that an incident is over. Exit codes: as `incident open`."""
    update_incident(incident, text=text, status="resolved", stack=stack, as_json=as_json)


@app.command("list")
def list_incidents(*, stack: _Stack = "production", as_json: _Json = False) -> None:
    """Show what is open on the status page."""
    page = _page(read_files(Path.cwd(), stack))
    if page is None:
        raise ReleaseError(
            f"Pulumi.{stack}.yaml names no status page, so there is no list. Remedy: incidents.statusPage and"
            " incidents.statusPageId."
        )
    found = page.unresolved()
    if as_json:
        sys.stdout.write(json.dumps([asdict(incident) for incident in found]) + "\n")
        return
    for incident in found:
        line = f"{incident.id}  {incident.status}, {incident.impact}, since {incident.begun}: {incident.name}"
        _console.print(line, markup=False)
    if not found:
        _console.print("nothing is open")


def _tell(settings: Settings, text: str, write: Callable[[StatusPage], Incident], *, as_json: bool) -> None:
    """Tell both places, the one whatever became of the other."""
    incidents = settings.incidents or IncidentSettings()
    if not incidents.channel and not incidents.status_page:
        raise ReleaseError(
            f"Pulumi.{settings.stack}.yaml names neither an incidents channel nor a status page, so nobody was told."
            " Remedy: incidents.channel or incidents.statusPage."
        )
    told: dict[str, Any] = {"channel": None, "incident": None}
    problems = []
    if incidents.channel:
        reason = post_text(read_credential(incidents.channel, settings.stack), text)
        told["channel"] = not reason
        problems += [f"the incidents channel was not told: {reason}"] if reason else []
    try:
        page = _page(settings)
        told["incident"] = asdict(write(page)) if page else None
    except ReleaseError as error:
        problems.append(str(error))
    if as_json:
        sys.stdout.write(json.dumps({**told, "problems": problems}) + "\n")
    elif told["incident"]:
        _console.print(f"on the status page as {told['incident']['id']}, {told['incident']['status']}", markup=False)
    if problems:
        raise ReleaseError("\n".join(problems))


def _page(settings: Settings) -> StatusPage | None:
    incidents = settings.incidents
    if incidents is None or incidents.status_page is None:
        return None
    if not incidents.status_page_id:
        raise ReleaseError(
            f"Pulumi.{settings.stack}.yaml has incidents.statusPage without incidents.statusPageId, so nothing was"
            " written there. Remedy: name the page."
        )
    key = read_credential(incidents.status_page, settings.stack)
    check_token(incidents.status_page, key)
    return StatusPage(incidents.status_page_id, key, incidents.components)


def _only(page: StatusPage) -> str:
    found = page.unresolved()
    if len(found) != 1:
        raise ReleaseError(
            f"{len(found) or 'No'} incidents are open on the status page, so which is meant is not known. Remedy: name"
            " its id: python -m ops incident list."
        )
    return found[0].id
