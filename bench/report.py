"""How figures are shown: a table for people, JSON for machines, a section of docs/performance.md for readers."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from rich.table import Table

from bench.measurement import Bench, Measurement

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
_HEAD = """# Performance

What the project promises of time and memory, and what was measured. `make bench` measures anew;
`python -m bench NAME --write` replaces a section.
"""


def machine() -> str:
    """Describe the machine by what matters for the figures."""
    memory = round(psutil.virtual_memory().total / 2**30)
    return f"{psutil.cpu_count(logical=True)} cores, {memory} GiB of memory"


def table(title: str, measurements: Sequence[Measurement]) -> Table:
    """Give the figures for a terminal."""
    shown = Table(title=f"{title} ({machine()})")
    for heading in ("measured", "median", "spread", "goal", "verdict"):
        shown.add_column(heading, justify="left" if heading == "measured" else "right")
    for row in map(_cells, measurements):
        shown.add_row(*row)
    return shown


def document(measured: Mapping[str, Sequence[Measurement]]) -> dict[str, Any]:
    """Give the figures for a machine."""
    return {
        "machine": machine(),
        "benches": {
            name: [
                {"name": m.name, "unit": m.unit, "median": m.median, "samples": list(m.samples), "goal": m.goal,
                 "met": m.met}
                for m in measurements
            ]
            for name, measurements in measured.items()
        },
    }  # fmt: skip


def write(name: str, bench: Bench, measurements: Sequence[Measurement]) -> None:
    """Replace the bench's section of docs/performance.md, or add it."""
    rows = ["| measured | median | spread | goal | verdict |", "|---|---|---|---|---|"]
    rows += [f"| {' | '.join(_cells(m))} |" for m in measurements]
    body = "\n".join([f"## {bench.title}", "", bench.method, "", f"Machine: {machine()}.", "", *rows])
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    section = f"{begin}\n{body}\n{end}\n"
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else _HEAD
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}\n", re.DOTALL)
    text = pattern.sub(lambda _: section, text) if pattern.search(text) else f"{text.rstrip()}\n\n{section}"
    PAGE.write_text(text, encoding="utf-8")


def _cells(measurement: Measurement) -> tuple[str, str, str, str, str]:
    low, high = min(measurement.samples), max(measurement.samples)
    return (
        measurement.name,
        f"{measurement.median:.2f} {measurement.unit}".rstrip(),
        f"{low:.2f} to {high:.2f}" if len(measurement.samples) > 1 else "one round",
        "none" if measurement.goal is None else f"at most {measurement.goal:g} {measurement.unit}".rstrip(),
        "for the record" if measurement.goal is None else "met" if measurement.met else "missed",
    )
