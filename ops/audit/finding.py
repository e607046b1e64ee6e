"""What an audit says of one thing."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class State(StrEnum):
    """What comparing came to."""

    IN_SYNC = "in_sync"
    DRIFTED = "drifted"
    MISSING = "missing"
    UNMANAGED = "unmanaged"
    UNREADABLE = "unreadable"


class Severity(StrEnum):
    """How much a finding matters, from the least to the most."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Its place in the order, 0 for the least."""
        return list(Severity).index(self)


class Acceptance(BaseModel):
    """Why a finding is let pass, and the last day of that."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=10)
    until: str


class Finding(BaseModel):
    """One difference.

    Attributes:
        id: stays the same from audit to audit, for the file of accepted findings.
        state: what comparing came to.
        severity: how much it matters.
        stack: the stack that declares it, or whose concern it is.
        kind, name: what it is about.
        field: the field that differs; None where the whole thing is meant.
        declared, live: what it should be and what it is; None where there is nothing.
        since: when it last changed, UTC, ISO 8601; None where the API does not tell.
        by: who changed it, where the API tells.
        permission: what the token lacks, of something unreadable.
        remedy: the command or the step that repairs it.
        accepted: why it is let pass; None where it is not.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    state: State
    severity: Severity
    stack: str
    kind: str
    name: str
    field: str | None = None
    declared: Any = None
    live: Any = None
    since: str | None = None
    by: str | None = None
    permission: str | None = None
    remedy: str
    accepted: Acceptance | None = None


class Verdict(BaseModel):
    """What comparing one declared thing came to."""

    model_config = ConfigDict(frozen=True)

    stack: str
    kind: str
    name: str
    state: State
