"""The command `audit`."""

import asyncio
import datetime as dt
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ops.audit.estate_audit import Endpoints, Estate, audit_estate, read_everything
from ops.audit.finding import Finding, Severity, State
from ops.audit.page import write_page
from ops.audit.report import Report
from ops.audit.stack_facts import read_values
from ops.audit.summary import describe, describe_drift, tell_value, write_summary
from ops.audit.tracked_issue import track
from ops.hosting import find_hosting
from ops.ledgers import list_stacks
from release.error import ReleaseError
from release.notification import tell_team
from release.target import DEFAULT_API_ENDPOINT
from settings.error import SettingsError
from settings.reading import read_files

_progress = Console(stderr=True, highlight=False, soft_wrap=True)
_COLOURS = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "blue",
    Severity.INFO: "dim",
}


def audit(
    stack: Annotated[
        list[str] | None, typer.Option(help="A stack to audit, several times for several; else all.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON (docs/audit-report.json).")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write the report as an HTML page to this file.")] = None,
    fail_on: Annotated[
        str, typer.Option(help="Exit with 2 from this severity on: info, low, medium, high, critical.")
    ] = "low",
    issue: Annotated[
        bool, typer.Option("--issue", help="Keep one GitHub issue up to date, closed when all is well.")
    ] = False,
    notify: Annotated[bool, typer.Option("--notify", help="Tell the team channel of each stack's findings.")] = False,
    secrets_older_than: Annotated[
        int, typer.Option(min=1, help="Tell of secrets that nobody wrote for so many days.")
    ] = 180,
) -> None:
    """Compare what GitHub and Supabase hold with what the stacks declare, and change nothing.

    Exit codes: 0 clean, 2 findings, 1 something could not be read. What is let pass stands in
    .github/audit-accepted.yaml, each entry with `finding` (its id), `reason` and `until`.
    """
    level = _level(fail_on)
    estate = _declare(stack or [])
    hosting = find_hosting(estate.chosen[0])
    endpoints = Endpoints(
        rest=hosting.rest_address,
        graphql=hosting.graphql_address,
        github_token=hosting.token,
        supabase=os.environ.get("SUPABASE_API_ENDPOINT", DEFAULT_API_ENDPOINT),
    )
    _progress.print(f"reading GitHub, Supabase and the state of {', '.join(estate.audited)} …")
    readings = asyncio.run(read_everything(estate, endpoints))
    report = audit_estate(estate, readings, dt.datetime.now(dt.UTC), secrets_older_than)
    if html:
        _write(html, write_page(report))
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(write_summary(report))
    if as_json:
        sys.stdout.write(report.model_dump_json() + "\n")
    else:
        _show(report)
    if issue and (address := track(hosting, report)):
        _progress.print(f"tracked in {address}")
    if notify:
        for name, text in describe_drift(report).items():
            tell_team(name, text)
    raise typer.Exit(report.exit_code(level))


def _level(name: str) -> Severity:
    try:
        return Severity(name)
    except ValueError:
        known = ", ".join(Severity)
        raise ReleaseError(f"--fail-on {name}: no severity. Nothing was audited. Remedy: one of {known}.") from None


def _declare(chosen: Sequence[str]) -> Estate:
    project = Path.cwd()
    known = list_stacks(project)
    if unknown := sorted(set(chosen) - set(known)):
        raise ReleaseError(
            f"There is no stack {', '.join(unknown)}. Nothing was audited. Remedy: name one of {', '.join(known)}."
        )
    if not known:
        raise ReleaseError("There is no stack file here. Remedy: run this in the folder of Pulumi.yaml.")
    stacks, problems = {}, []
    for name in known:
        try:
            stacks[name] = read_files(project, name)
        except SettingsError as error:
            problems.append(str(error))
    if problems:
        raise ReleaseError("\n".join(["Nothing was audited.", *problems]))
    audited = [name for name in known if name in chosen or not chosen]
    values = {name: read_values(stacks[name]) for name in audited}
    return Estate(stacks=stacks, audited=audited, values=values, project=project)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReleaseError(
            f"The page can't be written to {path}: {error.strerror}. Remedy: name another file."
        ) from error


def _show(report: Report) -> None:
    console = Console(highlight=False)
    if report.open:
        table = Table(box=SIMPLE, title=f"Findings in {report.repository}", title_justify="left", show_header=False)
        table.add_column("severity", no_wrap=True)
        table.add_column("finding", overflow="fold")
        for finding in report.open:
            table.add_row(f"[{_COLOURS[finding.severity]}]{finding.severity}[/]", "\n".join(_lines(finding)))
        console.print(table)
    for score in report.scores:
        told = "unknown" if score.points is None else f"{score.points} of 10"
        console.print(f"OpenSSF Scorecard, Branch-Protection of {score.branch}: {told}")
    accepted = len(report.findings) - len(report.open)
    counted = Counter({state.value.replace("_", " "): number for state, number in report.count_states().items()})
    told = ", ".join(f"{number} {state}" for state, number in counted.items() if number)
    calls = sum(report.calls.values())
    console.print(f"{', '.join(report.stacks)}: {told}; {accepted} accepted; {calls} calls, nothing written")


def _lines(finding: Finding) -> Iterator[str]:
    yield f"[bold]{escape(finding.stack)}: {escape(describe(finding))}[/], {finding.state.value.replace('_', ' ')}"
    live = escape(tell_value(finding.live))
    if finding.state in {State.UNREADABLE, State.UNMANAGED} or finding.declared is None:
        told = "" if finding.live is None else live
    else:
        told = f"declared {escape(tell_value(finding.declared))}, live {live}"
    since = f"since {finding.since}" if finding.since else ""
    by = f"by {escape(finding.by)}" if finding.by else ""
    if line := ", ".join(filter(None, (told, since, by))):
        yield line
    yield f"[dim]repair:[/] {escape(finding.remedy)}"
    yield f"[dim]id: {escape(finding.id)}[/]"
