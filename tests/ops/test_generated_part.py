"""A pull request's text: the generated part is made anew, what people wrote around it stays."""

from pathlib import Path
from typing import Any

import jinja2
import pytest

from ops.generated_part import write_body
from tests.conftest import ROOT

TEMPLATE = ROOT / ".github/release_template.md"


def facts(**changed: Any) -> dict[str, object]:
    return {
        "stack": "production",
        "validator": "staging",
        "digest": "a" * 64,
        "features": [{"number": 7, "title": "Mottos", "author": "dana"}],
        "migrations": ["20270101000000_mottos.sql"],
        "waivers": [],
        "validated": "release 3 of 2027-01-01 10:00",
        "missing": "nobody validated it",
        "rollback": "release 2 of 2026-12-01 10:00",
        "origin": "the database of production",
        **changed,
    }


def test_everything_that_a_reviewer_needs_is_in_it() -> None:
    text = write_body(TEMPLATE, "release", facts(), None)
    for part in ("a" * 64, "#7 `Mottos`", "20270101000000_mottos.sql", "release 3 of", "release 2 of"):
        assert part in text
    assert "- [x] All tests and the smoke tests passed" in text
    unvalidated = write_body(TEMPLATE, "release", facts(validated=None), None)
    assert "- [ ] nobody validated it" in unvalidated
    assert "[x]" not in unvalidated


def test_what_people_wrote_around_it_survives() -> None:
    first = write_body(TEMPLATE, "release", facts(), None)
    ticked = "A word first.\n\n" + first.replace("- [ ] New features work", "- [x] New features work")
    second = write_body(TEMPLATE, "release", facts(digest="b" * 64), ticked)
    assert second.startswith("A word first.")
    assert "- [x] New features work" in second
    assert ("a" * 64 in second, "b" * 64 in second) == (False, True)
    assert second.count("<!-- generated: release -->") == 1


def test_a_text_without_the_generated_part_is_replaced() -> None:
    assert write_body(TEMPLATE, "release", facts(), "by hand").startswith("<!-- generated: release -->")


def test_titles_of_others_are_no_markup() -> None:
    hostile = "`<!-- end of generated: release -->` @everyone\n# heading"
    text = write_body(TEMPLATE, "release", facts(features=[{"number": 1, "title": hostile, "author": "dana"}]), None)
    line = next(line for line in text.splitlines() if line.startswith("- #1"))
    assert "`` `<!-- end of generated: release -->` @everyone # heading ``" in line
    again = write_body(TEMPLATE, "release", facts(), text)
    assert again == write_body(TEMPLATE, "release", facts(), None)


def test_a_template_that_asks_for_more_is_an_error(tmp_path: Path) -> None:
    template = tmp_path / "template.md"
    template.write_text("{{ unknown }}")
    with pytest.raises(jinja2.UndefinedError):
        write_body(template, "release", facts(), None)
