"""Measures time and memory against the project's goals; exit code 2 where a goal is missed."""

import contextlib
import json
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Annotated

import typer
from rich.console import Console

from bench import report
from bench.registry import BENCHES

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, help=__doc__)
_console = Console(stderr=True, highlight=False)
_MISSED = 2


@contextlib.contextmanager
def _shown(title: str) -> Iterator[Callable[[str], None]]:
    """Show how far a bench is: in one live line for people, else in a line each."""
    if _console.is_terminal:
        with _console.status(title) as status:
            yield status.update
    else:
        _console.print(title, markup=False)
        yield lambda line: _console.print(line, markup=False, soft_wrap=True)


@app.command()
def run(
    names: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(BENCHES)}; none means all.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Put the figures into docs/performance.md.")] = False,
) -> None:
    """Measure."""
    unknown = sorted(set(names or ()) - BENCHES.keys())
    if unknown:
        _console.print(f"There is no bench {', '.join(unknown)}. Remedy: name some of {', '.join(BENCHES)}.")
        raise typer.Exit(1)
    measured = {}
    for name in names or BENCHES:
        bench = BENCHES[name]
        with _shown(bench.title) as show:
            measured[name] = bench.run(show)
        if not as_json:
            Console().print(report.table(bench.title, measured[name]))
        if write:
            report.write(name, bench, measured[name])
    if as_json:
        sys.stdout.write(json.dumps(report.document(measured)) + "\n")
    if not all(m.met for measurements in measured.values() for m in measurements):
        raise typer.Exit(_MISSED)


if __name__ == "__main__":
    # In a script's background SIGINT is ignored: the engine would wait 5 s for a language host that it asks to end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    app()
