"""Runs the fault matrix, or a sample of it."""

import contextlib
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from faults.case import Case, Outcome, run_case
from faults.first_up import FirstUp
from faults.journal import Journal
from faults.matrix import all_cases, first_up_cases, record_release, sample
from faults.report import as_json, as_markdown, as_table
from faults.small_backend import SmallBackend

_PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
_console = Console(stderr=True, highlight=False)


def main(
    *,
    count: Annotated[int | None, typer.Option("--sample", min=1, help="Run so many cases at most.")] = None,
    minutes: Annotated[float, typer.Option(min=0, help="Begin no case after so long; 0: run all, some hours.")] = 20,
    seed: Annotated[int, typer.Option(help="Chooses the sample.")] = 1,
    only: Annotated[str, typer.Option(help="Run the cases whose name has this regular expression in it.")] = "",
    into: Annotated[
        Path | None,
        typer.Option(
            "--journal", help="Add each outcome to this file, and run only what is not in it; tables have all."
        ),
    ] = None,
    part: Annotated[str, typer.Option(help="Run the k-th of n parts, as k/n: the parts may run at once.")] = "1/1",
    as_document: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write docs/reliability.md.")] = False,
) -> None:
    """Disturb one release after another on a local cloud, and see whether what was promised holds.

    Every kind of case comes before any comes twice, so what there is time for tries each kind. Ctrl-C ends it, with the
    table of what was run until then.

    Exit code 0: it held in every case; 2: it did not in some; 1: it could not be tried.
    """
    begun = time.monotonic()
    try:
        journal = Journal(into)
    except (OSError, ValueError) as error:
        _console.print(f"{error} Remedy: name another journal, or delete this one.", markup=False)
        raise typer.Exit(1) from None
    index, _, parts = part.partition("/")
    with contextlib.ExitStack() as grounds:
        whole = list(_all_cases(grounds))
        cases = sample([case for case in whole if re.search(only, case.name)], count, seed)
        known = {outcome.name for outcome in journal.outcomes()}
        cases = [case for case in cases[int(index) - 1 :: int(parts)] if case.name not in known]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=_console, disable=not _console.is_terminal) as progress:
            task = progress.add_task("faults", total=len(cases))
            with contextlib.suppress(KeyboardInterrupt):
                for number, case in enumerate(cases, start=1):
                    if minutes and time.monotonic() - begun > minutes * 60:
                        break
                    progress.update(task, description=case.name[:60])
                    outcome = run_case(case)
                    journal.add(outcome)
                    progress.advance(task)
                    _tell(outcome, f"{number} of {len(cases)}")
    outcomes = journal.outcomes()
    if as_document:
        sys.stdout.write(as_json(outcomes, seed) + "\n")
    else:
        Console().print(as_table(outcomes))
    if write:
        _PAGE.write_text(as_markdown(outcomes, total=len(whole), seed=seed), encoding="utf-8")
    _console.print(f"{len(outcomes)} of {len(whole)} cases, {sum(outcome.good for outcome in outcomes)} good")
    if not all(outcome.good for outcome in outcomes):
        raise typer.Exit(2)


def _tell(outcome: Outcome, place: str) -> None:
    """Tell of a case that has ended: where nobody watches the bar, of each; of a bad one anyway."""
    if not outcome.good:
        _console.print(f"{place}: {outcome}", style="red", markup=False)
    elif not _console.is_terminal:
        _console.print(f"{place}: {outcome.name}: good, {outcome.seconds:.0f} s", markup=False, soft_wrap=True)


def _all_cases(grounds: contextlib.ExitStack) -> Iterator[Case]:
    released = grounds.enter_context(SmallBackend.prepared())
    _console.print("recording a release")
    yield from (Case(released, disturbance) for disturbance in all_cases(*record_release(released)))
    for stack in ("staging", "production"):
        _console.print(f"recording the first `up` of {stack}")
        first = grounds.enter_context(FirstUp.prepared_for(stack))
        points, _ = record_release(first)
        first.note_undisturbed()
        yield from (Case(first, disturbance) for disturbance in first_up_cases(points))


if __name__ == "__main__":
    # In a script's background SIGINT is ignored: the engine would wait 5 s for a language host that it asks to end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    typer.run(main)
