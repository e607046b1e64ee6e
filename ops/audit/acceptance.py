"""The reviewed file of findings that are let pass, each with its reason and its last day."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ops.audit.finding import Acceptance, Finding, Severity, State
from release.error import ReleaseError
from settings.error import SettingsError
from settings.stack_document import read_document

_SHOWN_MISTAKES = 20
FILE = ".github/audit-accepted.yaml"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    finding: str
    reason: str = Field(min_length=10)
    until: dt.date


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    accepted: tuple[_Entry, ...] = ()


def read_accepted(project: Path) -> tuple[_Entry, ...]:
    """Read the file; where there is none, nothing is accepted.

    Raises:
        ReleaseError: it can't be used; the text names each mistake.
    """
    path = project / FILE
    if not path.exists():
        return ()
    try:
        return _File.model_validate(read_document(path)).accepted
    except ValidationError as error:
        mistakes = [f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors()[:_SHOWN_MISTAKES]]
    except SettingsError as error:
        mistakes = [str(error).partition(" Nothing was changed.")[0].rstrip(".")]
    raise ReleaseError(
        f"{FILE} can't be used, so there is no telling what is accepted: {'; '.join(mistakes)}. Nothing was audited."
        " Remedy: each entry has `finding` (its id), `reason` (10 characters or more) and `until` (a day)."
    )


def apply_accepted(findings: Sequence[Finding], entries: Sequence[_Entry], today: dt.date) -> list[Finding]:
    """Mark what is accepted, and tell of entries that are past their day or fit nothing."""
    current = {entry.finding: entry for entry in entries if entry.until >= today}
    marked = [
        finding.model_copy(update={"accepted": Acceptance(reason=entry.reason, until=entry.until.isoformat())})
        if (entry := current.get(finding.id))
        else finding
        for finding in findings
    ]
    ids = {finding.id for finding in findings}
    for entry in entries:
        if entry.until < today and entry.finding in ids:
            marked.append(
                _tell(entry, f"it was accepted until {entry.until}", Severity.LOW, "repair it, or decide anew")
            )
        elif entry.finding not in ids:
            marked.append(_tell(entry, "nothing like it was found", Severity.INFO, "remove the entry"))
    return marked


def _tell(entry: _Entry, text: str, severity: Severity, remedy: str) -> Finding:
    return Finding(
        id=f"accepted finding: {entry.finding}",
        state=State.DRIFTED,
        severity=severity,
        stack="all",
        kind="accepted finding",
        name=entry.finding,
        live=text,
        remedy=f"{remedy} ({FILE})",
    )
