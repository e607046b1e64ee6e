import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench import registry, report
from bench.__main__ import app
from bench.measurement import Bench, Measurement

FAST = Measurement(name="a start", unit="s", samples=[3, 1, 2], goal=2)
SLOW = Measurement(name="a call", unit="ms", samples=[9.5], goal=5)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Put one bench that measures nothing into the registry, and the page elsewhere."""
    page = tmp_path / "performance.md"
    benches = {"one": Bench(title="One", method="By hand.", run=lambda _: [FAST, SLOW])}
    monkeypatch.setattr("bench.__main__.BENCHES", benches)
    monkeypatch.setattr(report, "PAGE", page)
    return page


def _run(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments)


def test_the_median_counts_and_the_goal_is_its_limit() -> None:
    assert (FAST.median, FAST.met, SLOW.met) == (2, True, False)


def test_a_figure_without_a_goal_is_told_and_misses_nothing() -> None:
    told = Measurement(name="memory", unit="MiB", samples=[300], goal=None)
    assert told.met
    [_, *cells] = [next(iter(column.cells)) for column in report.table("One", [told]).columns]
    assert cells == ["300.00 MiB", "one round", "none", "for the record"]


@pytest.mark.usefixtures("bench")
def test_json_has_every_sample_and_a_missed_goal_is_an_exit_code() -> None:
    told = _run("one", "--json")
    assert told.exit_code == 2
    measured = json.loads(told.stdout)["benches"]["one"]
    assert [(m["name"], m["samples"], m["met"]) for m in measured] == [
        ("a start", [3, 1, 2], True),
        ("a call", [9.5], False),
    ]


def test_the_page_keeps_what_others_wrote(bench: Path) -> None:
    bench.write_text(
        "# Performance\n\nBy hand.\n\n<!-- one -->\nold\n<!-- end of one -->\n\n## Other\n", encoding="utf-8"
    )
    assert _run("one", "--write").exit_code == 2
    text = bench.read_text(encoding="utf-8")
    assert "| a start | 2.00 s | 1.00 to 3.00 | at most 2 s | met |" in text
    assert "| a call | 9.50 ms | one round | at most 5 ms | missed |" in text
    assert "old" not in text
    assert text.endswith("<!-- end of one -->\n\n## Other\n")
    assert _run("one", "--write").exit_code == 2
    assert bench.read_text(encoding="utf-8") == text


@pytest.mark.usefixtures("bench")
def test_an_unknown_bench_is_named() -> None:
    told = _run("two")
    assert told.exit_code == 1
    assert "There is no bench two" in told.stderr


def test_every_registered_bench_says_how_it_measures() -> None:
    assert all(bench.title and bench.method for bench in registry.BENCHES.values())
