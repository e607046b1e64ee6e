"""An audit's report as Markdown: for the summary of a job and for the tracked issue."""

from collections.abc import Iterator

from ops.audit.finding import Finding, State
from ops.audit.report import Report

# What GitHub takes for the text of an issue, with room for a marker.
LIMIT = 65_000
# Findings that a channel is told; the others are in the report.
_TOLD = 8


def write_summary(report: Report, limit: int = LIMIT) -> str:
    """Write a report, the most severe findings first, cut at `limit` characters with a line that says so."""
    states = report.count_states()
    counted = ", ".join(f"{number} {state.value.replace('_', ' ')}" for state, number in states.items())
    lines = [f"## Drift audit of {report.repository}", "", f"{', '.join(report.stacks)} at {report.at}: {counted}.", ""]
    if report.open:
        lines += ["| severity | state | what | declared | live | repair |", "|---|---|---|---|---|---|"]
    shown, size = 0, sum(map(len, lines)) + 500
    for finding in report.open:
        row = "| " + " | ".join(_cells(finding)) + " |"
        size += len(row) + 1
        if size > limit:
            break
        lines.append(row)
        shown += 1
    if shown < len(report.open):
        lines += ["", f"{len(report.open) - shown} more: `python -m ops audit` shows them all."]
    if not report.open:
        lines.append("Nothing differs from what is declared.")
    lines += ["", *_scores(report), *_accepted(report)]
    return "\n".join(lines)[:limit] + "\n"


def describe(finding: Finding) -> str:
    """Name what a finding is about."""
    return f"{finding.kind} {finding.name}" + (f": {finding.field}" if finding.field else "")


def describe_drift(report: Report) -> dict[str, str]:
    """Say in a few lines for each audited stack what was found of it; a stack without findings is left out."""
    found = {stack: [one for one in report.open if one.stack in {stack, "all"}] for stack in report.stacks}
    return {
        stack: "\n".join(
            [
                f"DRIFT in {stack}: {len(findings)} findings, the most severe first",
                *(f"{finding.severity} {finding.state.value}: {describe(finding)}" for finding in findings[:_TOLD]),
                *([f"{len(findings) - _TOLD} more: python -m ops audit"] if len(findings) > _TOLD else []),
            ]
        )
        for stack, findings in found.items()
        if findings
    }


def tell_value(value: object) -> str:
    """Give a field's value as a reader writes it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {tell_value(entry)}" for key, entry in value.items())
    return str(value)


def _cells(finding: Finding) -> list[str]:
    when = f" (since {finding.since}{f', by {finding.by}' if finding.by else ''})" if finding.since else ""
    cells = [
        str(finding.severity),
        finding.state.value.replace("_", " "),
        f"{finding.stack}: {describe(finding)}",
        tell_value(finding.declared) if finding.state is not State.UNREADABLE else "-",
        tell_value(finding.live) + when,
        finding.remedy,
    ]
    return [cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")[:600] for cell in cells]


def _scores(report: Report) -> Iterator[str]:
    for score in report.scores:
        told = "unknown, its rules could not be read" if score.points is None else f"{score.points} of 10"
        further = f"; the next tier asks: {', '.join(score.missing)}" if score.missing else ""
        yield f"OpenSSF Scorecard, Branch-Protection of `{score.branch}`: {told}{further}."


def _accepted(report: Report) -> Iterator[str]:
    accepted = [finding for finding in report.findings if finding.accepted]
    for finding in accepted:
        assert finding.accepted  # noqa: S101 - for mypy; just filtered
        yield f"Accepted until {finding.accepted.until}: {describe(finding)} ({finding.accepted.reason})."
