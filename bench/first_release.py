"""What the first release of many functions costs, against the plain commands."""

from functools import partial

from bench.copy_of_project import temporary
from bench.large_project import LargeProject
from bench.measurement import Bench, Measurement, Say

_ROUNDS = 5
_FUNCTIONS = 100
_DELAY = 1.0  # seconds that each deploy call takes longer


def measure(say: Say) -> list[Measurement]:
    """Release into nothing with the engine, then the same with the plain commands, on a copy of its own each round."""
    shares = []
    for number in range(_ROUNDS):
        with temporary(partial(LargeProject, functions=_FUNCTIONS)) as project:
            project.slow_down(_DELAY)
            say(f"round {number + 1} of {_ROUNDS}: with the engine, which also creates the project and its environment")
            ours = project.up()
            project.provide_keys()
            say(f"round {number + 1} of {_ROUNDS}: the plain commands")
            shares.append(ours / project.time(*project.plain(), folder=project.backend))
    return [Measurement(name="`pulumi up` ÷ the plain commands", unit="", samples=shares, goal=0.5)]


BENCH = Bench(
    title=f"The first release of {_FUNCTIONS} functions",
    method=(
        f"`python -m bench first-release`: `pulumi up` of a new stack with {_FUNCTIONS} functions, project, branch and"
        " Actions environments included, then `bench/plain.sh`, which finds the project there and deploys everything"
        f" again. Deploy calls take {_DELAY:g} s longer."
    ),
    run=measure,
)
