"""One case of the matrix: a disturbed release, what its user saw, and whether the next one repaired everything."""

import re
import time
from dataclasses import dataclass

from faults.disturbance import BROKEN, Disturbance
from faults.ground import Ground

_PREFIX = re.compile(r"^(?:error: |Diagnostics:|\s)+")
_NOISE = re.compile(
    r"^(update failed|an unhandled error occurred: .*|warning: .*|[\w:-]+ \(.*\):|Duration:.*|exit status \d+"
    r"|.*: exit status 1: running .*)$"
)
_SHOWN = 200


@dataclass(frozen=True)
class Case:
    """A disturbance of a release of one ground."""

    ground: Ground
    disturbance: Disturbance

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return self.ground.title + self.disturbance.name

    @property
    def kind(self) -> str:
        """What cases have in common of which a sample has some."""
        how = self.disturbance.name.rsplit(":", 1)[-1]
        return f"{self.ground.title}{type(self.disturbance).__name__} {how}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a case went.

    Attributes:
        name: what was disturbed, and how.
        happened: whether the release came to that point.
        code: exit code of the disturbed release; negative for a signal.
        line: the last line of its error; empty where it succeeded or was killed.
        converged: the next `up` succeeded, and the one after it had nothing to do.
        problems: promises that were broken, in words.
        seconds: what the case took.
    """

    name: str
    happened: bool
    code: int
    line: str
    converged: bool
    problems: tuple[str, ...]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether everything promised holds."""
        return self.happened and self.converged and not self.problems


def run_case(case: Case) -> Outcome:
    """Release disturbed, then again, then once more; look at what is live each time."""
    begun = time.monotonic()
    ground, disturbance = case.ground, case.disturbance
    ground.prepare_release()
    seen, happened = disturbance.apply(ground)
    problems = ground.broken_promises()
    if seen.code == 0:
        problems += [f"exit code 0, but {missing}" for missing in ground.missing()]
    problems += [line.removeprefix(BROKEN) for line in seen.text.splitlines() if line.startswith(BROKEN)]
    if seen.code > 0 and "Traceback" in seen.text:
        problems.append("a traceback in the output")
    disturbance.recover(ground, seen)
    second = ground.begin_up().wait()
    problems += ground.broken_promises()
    if second.code != 0:
        problems.append(f"the next `up` fails: {last_line(second.text)}")
    else:
        problems += [f"after the next `up`: {missing}" for missing in ground.missing()]
    third = ground.begin_up("--expect-no-changes").wait()
    # Not before: what a killed engine leaves behind is there in the runs that follow, as it is for a user.
    ground.end_runs()
    if second.code == 0 and third.code != 0:
        problems.append(f"the `up` after it is not empty: {last_line(third.text)}")
    return Outcome(
        name=case.name,
        happened=happened,
        code=seen.code,
        # Where the checkout happened to be says nothing.
        line=last_line(seen.text.replace(str(ground.checkout.directory), "…")) if seen.code > 0 else "",
        converged=second.code == third.code == 0,
        problems=tuple(dict.fromkeys(problems)),
        seconds=time.monotonic() - begun,
    )


def last_line(text: str) -> str:
    """Give the last line of the engine's diagnostics that says what went wrong.

    They are a block for each resource, and what is merely told stands among the errors of the stack's own.
    """
    diagnostics = re.split(r"\n(?:Outputs|Resources):", text[max(text.rfind("Diagnostics:"), 0) :], maxsplit=1)[0]
    blocks = re.split(r"(?m)^(?=  \S+ \(.*\):$)", diagnostics)
    of_the_stack = [block for block in blocks if block.startswith("  pulumi:pulumi:Stack")]
    failed = [block for block in blocks if "error: " in block and block not in of_the_stack]
    for block in [*reversed(failed), *of_the_stack, *blocks[-1:]]:
        lines = [_PREFIX.sub("", line).strip() for line in block[max(block.find("error: "), 0) :].splitlines()]
        if told := [line for line in lines if line and not _NOISE.fullmatch(line)]:
            return told[-1][:_SHOWN]
    return ""
