import datetime as dt
from pathlib import Path

import pytest

from ops.audit.acceptance import FILE
from ops.audit.finding import Severity
from release.error import ReleaseError
from tests.ops.audit.conftest import NOW, Clouds

ENTRY = """accepted:
  - finding: "label: hotfix: color"
    reason: the colour of the season
    until: {until}
"""


def accept(clouds: Clouds, text: str) -> None:
    (Path(clouds.estate.project) / FILE).write_text(text, encoding="utf-8")


def test_an_accepted_finding_counts_no_more_until_its_day_is_over(clouds: Clouds) -> None:
    clouds.github["labels"][0]["color"] = "ffffff"
    accept(clouds, ENTRY.format(until="2026-06-02"))
    report = clouds.audit()
    (finding,) = report.findings
    assert finding.accepted
    assert (finding.accepted.reason, report.open, report.exit_code(Severity.INFO)) == (
        "the colour of the season",
        [],
        0,
    )
    late = clouds.audit(now=NOW + dt.timedelta(days=1))
    assert {f.id for f in late.open} == {"label: hotfix: color", "accepted finding: label: hotfix: color"}
    assert late.exit_code(Severity.LOW) == 2


def test_an_entry_that_fits_nothing_is_told_and_fails_nothing(clouds: Clouds) -> None:
    accept(clouds, ENTRY.format(until="2030-01-01"))
    report = clouds.audit()
    (finding,) = report.findings
    assert (finding.severity, finding.live) == (Severity.INFO, "nothing like it was found")
    assert report.exit_code(Severity.LOW) == 0


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("accepted: [", "expected"),
        ('accepted: [{finding: "x", until: 2026-01-01}]', "accepted.0.reason: Field required"),
        ('accepted: [{finding: "x", reason: short, until: 2026-01-01}]', "at least 10 characters"),
        ('accepted: [{finding: "x", reason: long enough to be one, until: later}]', "accepted.0.until"),
        ("more: 1", "more: Extra inputs"),
    ],
)
def test_a_file_with_mistakes_stops_the_audit(clouds: Clouds, text: str, mistake: str) -> None:
    accept(clouds, text)
    with pytest.raises(ReleaseError, match="Nothing was audited") as caught:
        clouds.audit()
    assert mistake in str(caught.value)
