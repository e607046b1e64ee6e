"""What an audit came to, as a machine may read it."""

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from ops.audit.finding import Finding, Severity, State, Verdict

CLEAN, COULD_NOT, FINDINGS = 0, 1, 2


class BranchScore(BaseModel):
    """How far a branch's live rules reach in the OpenSSF Scorecard's Branch-Protection check.

    Attributes:
        points: of 10; None where the rules could not be read.
        missing: what the next tier asks for.
    """

    model_config = ConfigDict(frozen=True)

    branch: str
    points: int | None
    missing: tuple[str, ...] = ()


class Report(BaseModel):
    """One audit.

    Attributes:
        version: of this form; it counts up when a reader has to change.
        at: when it was made, UTC, ISO 8601.
        repository: `OWNER/NAME`.
        stacks: whose declarations were compared.
        calls: API to the requests that it took.
        verdicts: one for each declared thing.
        findings: the most severe first; accepted ones are among them.
        scores: of each stack's branch.
    """

    model_config = ConfigDict(frozen=True)

    version: int = 1
    at: str
    repository: str
    stacks: tuple[str, ...]
    calls: Mapping[str, int]
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    scores: tuple[BranchScore, ...]

    @property
    def open(self) -> Sequence[Finding]:
        """The findings that nobody has accepted."""
        return [finding for finding in self.findings if finding.accepted is None]

    def count_states(self) -> Mapping[State, int]:
        """Count the declared things by what comparing came to, and the undeclared ones."""
        counted = Counter(verdict.state for verdict in self.verdicts)
        counted[State.UNMANAGED] = sum(finding.state is State.UNMANAGED for finding in self.findings)
        return {state: counted[state] for state in State}

    def exit_code(self, fail_on: Severity) -> int:
        """Give 0 for clean, 2 for findings of that severity or above, and 1 where something could not be read."""
        if any(finding.state is State.UNREADABLE for finding in self.open):
            return COULD_NOT
        return FINDINGS if any(finding.severity.rank >= fail_on.rank for finding in self.open) else CLEAN
