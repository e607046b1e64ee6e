"""What an audit of both stacks costs, against the engine's own look at them."""

from bench.copy_of_project import Copy, temporary
from bench.measurement import Bench, Measurement, Say

_ROUNDS = 5
_STACKS = ("staging", "production")


def measure(say: Say) -> list[Measurement]:
    """Audit and refresh by turns, on a copy of the project with both stacks released."""
    shares = []
    with temporary(Copy) as copy:
        for stack in _STACKS:
            say(f"releasing {stack}")
            copy.run("pulumi", "up", "--stack", stack, "--yes")
        for number in range(_ROUNDS):
            say(f"round {number + 1} of {_ROUNDS}")
            audit = copy.time("python", "-m", "ops", "audit")
            looks = ("pulumi", "refresh", "--preview-only", "--non-interactive", "--stack")
            shares.append(audit / sum(copy.time(*looks, stack) for stack in _STACKS))
    return [Measurement(name="`ops audit` ÷ `pulumi refresh --preview-only`", unit="", samples=shares, goal=1.0)]


BENCH = Bench(
    title="An audit of both stacks",
    method=(
        "`python -m bench audit`: a copy of the project with both stacks released on a local cloud. In each round one"
        " audit of both, and `pulumi refresh --preview-only` of one after the other."
    ),
    run=measure,
)
