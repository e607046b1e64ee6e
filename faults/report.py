"""The outcomes as people and machines read them."""

import dataclasses
import json
from collections.abc import Sequence

from rich.table import Table

from faults.case import Outcome


def as_json(outcomes: Sequence[Outcome], seed: int) -> str:
    """Give one JSON document."""
    cases = [{**dataclasses.asdict(outcome), "good": outcome.good} for outcome in outcomes]
    return json.dumps({"seed": seed, "count": len(cases), "good": all(o.good for o in outcomes), "cases": cases})


def as_table(outcomes: Sequence[Outcome]) -> Table:
    """Give a table for a terminal."""
    table = Table("fault", "exit", "last line of the error", "next up", "broken promises")
    for outcome in outcomes:
        table.add_row(*_cells(outcome), style=None if outcome.good else "red")
    return table


def as_markdown(outcomes: Sequence[Outcome], *, total: int, seed: int) -> str:
    """Give the page docs/reliability.md.

    Args:
        outcomes: of the cases that were run.
        total: how many cases the matrix has.
        seed: what chose the sample, where it is one.
    """
    good = sum(outcome.good for outcome in outcomes)
    ran = f"all {total}" if len(outcomes) == total else f"{len(outcomes)} of {total} (seed {seed})"
    lines = [
        "# What a release survives",
        "",
        "Written by `make faults ARGUMENTS=--write`. Each case is one release (two migrations of two statements, two",
        "changed functions) by the real engine on a local cloud, disturbed at one point; then `pulumi up` again (after",
        "`pulumi cancel` where a killed engine left its lock), then once more with `--expect-no-changes`.",
        "",
        "In every case these have to hold: no statement of a migration ran twice; a migration is recorded if and only",
        "if all of it ran; every function answers; after exit code 0 everything that was declared is live and recorded",
        "once; no step of the release outlives it; the next `up` succeeds, and the one after it changes nothing.",
        "",
        "Of a stack's first `up`, which creates staging or adopts production, each request to the platforms' APIs is",
        "disturbed. There no project, ruleset or protection may be there twice, and after exit code 0 an audit has to",
        "find what it finds after an undisturbed run, no more and no less.",
        "",
        f"Cases run: {ran}. All of it held in {good}.",
        "",
        "| fault | exit code | last line of the error | next `up` | broken promises |",
        "|---|---|---|---|---|",
    ]
    lines += [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(outcome)) + " |"
        for outcome in sorted(outcomes, key=lambda outcome: outcome.name)
    ]
    return "\n".join(lines) + "\n"


def _cells(outcome: Outcome) -> tuple[str, str, str, str, str]:
    code = str(outcome.code) if outcome.code >= 0 else "killed"
    broken = "; ".join(outcome.problems) or "none"
    if not outcome.happened:
        broken = f"the release did not come to this point; {broken}"
    return outcome.name, code, outcome.line, "repairs it" if outcome.converged else "does not", broken
