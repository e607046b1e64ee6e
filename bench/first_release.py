"""What the first release of many functions costs, against the plain commands."""

from functools import partial

from bench.copy_of_project import temporary
from bench.large_project import LargeProject
from bench.measurement import Bench, Measurement, Say

_ROUNDS = 5
_FUNCTIONS = 100
_DELAY = 1.0  # seconds that each deploy call takes longer
_AT_ONCE = 4  # as a release does by default


def measure(say: Say) -> list[Measurement]:
    """Release into nothing with the engine, then the same with the plain commands, on a copy of its own each round."""
    shares, floors = [], []
    for number in range(_ROUNDS):
        with temporary(partial(LargeProject, functions=_FUNCTIONS)) as project:
            project.slow_down(_DELAY)
            say(f"round {number + 1} of {_ROUNDS}: with the engine, which also creates the project and its environment")
            ours = project.up()
            project.provide_keys()
            say(f"round {number + 1} of {_ROUNDS}: the plain commands")
            plain = project.time(*project.plain(), folder=project.backend)
            say(f"round {number + 1} of {_ROUNDS}: the deploys alone, each by a command of its own")
            deploys = project.time(*project.single_deploys(at_once=_AT_ONCE), folder=project.backend)
            shares.append(ours / plain)
            floors.append(deploys / plain)
    single = f"{_FUNCTIONS} times `supabase functions deploy NAME`, {_AT_ONCE} at once, ÷ the plain commands"
    return [
        Measurement(name="`pulumi up` ÷ the plain commands", unit="", samples=shares, goal=0.5),
        Measurement(name=single, unit="", samples=floors, goal=None),
    ]


BENCH = Bench(
    title=f"The first release of {_FUNCTIONS} functions",
    method=(
        f"`python -m bench first-release`: `pulumi up` of a new stack with {_FUNCTIONS} functions, project, branch and"
        " Actions environments included, then `bench/plain.sh`, which finds the project there and deploys everything"
        " again, and then the deploys alone, each by a command of its own, as a release makes them: below the time of"
        f" those no release can come. Deploy calls take {_DELAY:g} s longer."
    ),
    run=measure,
)
