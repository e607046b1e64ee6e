"""The command `refresh-staging`."""

import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from ops.anonymise.direction import check_stack, find_direction
from ops.anonymise.refresh import Outcome, refresh
from ops.anonymise.rules import FILE, read_rules
from ops.anonymise.share import read_share
from ops.anonymise.source import Source, open_source
from ops.outcome import tell_outcome
from release.error import ReleaseError
from release.migration_push import read_versions
from release.session import Session, open_session

FINDINGS = 2
_progress = Console(stderr=True, highlight=False, soft_wrap=True)


def refresh_staging(
    source: Annotated[
        str | None, typer.Option("--from", help="The stack whose rows are taken, where several are validated for.")
    ] = None,
    *,
    sample: Annotated[str | None, typer.Option(help="Take a part: 10%, or about so many rows.")] = None,
    fit: Annotated[str | None, typer.Option(help="Take what makes staging's database no larger: 500MB.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Replace staging's rows by production's, anonymised by the backend's anonymise.yaml.

    The rows go from the stack that another one validates for to that one, never back; production is only read. Staging
    changes as a whole or not at all. Exit codes: 0 done, 2 the scan found something of production and nothing was
    changed, 1 not done.
    """
    share = read_share(sample, fit)
    settings, production, staging = find_direction(source)
    path = Path(settings.backend.directory) / FILE
    rules = read_rules(path)
    _confirm(staging.stack, production.stack, yes=yes)
    with open_session(staging) as session:
        try:
            check_stack(session.connection, staging)
            with open_source(production) as opened:
                check_stack(opened.connection, production)
                _check_ledgers(opened, session, production.stack)
                with _Shown(quiet=as_json and not sys.stderr.isatty()) as shown:
                    outcome = refresh(opened, session, rules, file=str(path), share=share, progress=shown)
        finally:
            session.free_lease()
    _tell(outcome, production.stack, staging.stack, as_json=as_json)
    if outcome.leaks:
        raise typer.Exit(FINDINGS)


def _confirm(target: str, source: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise ReleaseError("There is nobody to ask. Nothing was changed. Remedy: add --yes.")
    _progress.print(f"The rows of {target} are replaced by those of {source}, anonymised.", markup=False)
    if typer.prompt(f"Type {target} to replace its rows", err=True) != target:
        raise ReleaseError("Not confirmed. Nothing was changed.")


def _check_ledgers(source: Source, session: Session, stack: str) -> None:
    """Make sure that both have had the same migrations, as else rows would not fit."""
    here, there = read_versions(source.connection), read_versions(session.connection)
    if here == there:
        return
    lacking = sorted(set(there) - set(here))
    ahead = sorted(set(here) - set(there))
    parts = [
        *([f"{stack} lacks {', '.join(lacking)}, which {session.target.stack} has"] if lacking else []),
        *([f"{session.target.stack} lacks {', '.join(ahead)}, which {stack} has"] if ahead else []),
    ]
    raise ReleaseError(
        f"The ledgers differ: {'; '.join(parts)}. Nothing was read and nothing was changed. Remedy: release what is"
        f" pending (pulumi up --stack {stack if lacking else session.target.stack}), then run this again."
    )


def _tell(outcome: Outcome, source: str, target: str, *, as_json: bool) -> None:
    document = {"source": source, "target": target, **asdict(outcome)}
    if outcome.leaks:
        found = "\n".join(f"  {leak.place} holds a value of {source}'s {leak.source}" for leak in outcome.leaks)
        text = (
            f"The scan found something of {source} in {target}, so nothing was changed:\n{found}\nRemedy: another rule"
            " than keep for the first column; or keep for the second, if its values name nobody."
        )
    else:
        rows = sum(table.rows for table in outcome.tables)
        text = (
            f"{target} has {rows} rows of {source} in {len(outcome.tables)} tables, anonymised, in"
            f" {outcome.seconds:.1f} s; no row and no protected value of {source} was found there."
            + (
                f" Emptied, as their rows named rows that went: {', '.join(outcome.emptied)}."
                if outcome.emptied
                else ""
            )
        )
    tell_outcome(document, text, as_json=as_json)


class _Shown:
    """The progress of each table: a live line for people, one line at the end of each where nobody looks."""

    def __init__(self, *, quiet: bool) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._live = Progress(*columns, console=_progress, disable=quiet or not _progress.is_terminal)
        self._quiet = quiet
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def copying(self, table: str, rows: int, bytes_: int, *, done: bool) -> None:
        """Show how much of a table was copied."""
        self._show(table, f"{table}: {rows} rows, {decimal(bytes_)}", done=done)

    def scanning(self, table: str) -> None:
        """Show which table is searched."""
        self._show("scan", f"looking for values of production in {table}", done=True)

    def _show(self, name: str, text: str, *, done: bool) -> None:
        if self._live.disable:
            if done and not self._quiet:
                _progress.print(text, markup=False)
            return
        task = self._tasks.setdefault(name, TaskID(-1))
        if task == -1:
            self._tasks[name] = self._live.add_task(text, total=1)
        else:
            self._live.update(task, description=text)
        if done and name != "scan":
            self._live.update(self._tasks[name], completed=1)
