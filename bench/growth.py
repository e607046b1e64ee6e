"""How a preview grows with the number of functions."""

from functools import partial

from bench.copy_of_project import temporary
from bench.large_project import STACK, LargeProject
from bench.measurement import Bench, Measurement, Say

_ROUNDS = 5
_FEW, _MANY = 100, 400


def measure(say: Say) -> list[Measurement]:
    """Preview by turns the first release of few and of many functions, whose checks have passed before."""
    with (
        temporary(partial(LargeProject, functions=_FEW)) as few,
        temporary(partial(LargeProject, functions=_MANY)) as many,
    ):
        for project in (few, many):
            say("checking the functions once")
            _preview(project)
        growth = []
        for number in range(_ROUNDS):
            say(f"round {number + 1} of {_ROUNDS}")
            growth.append(_preview(many) / _preview(few))
    return [Measurement(name=f"preview of {_MANY} functions ÷ of {_FEW}", unit="", samples=growth, goal=3.0)]


def _preview(project: LargeProject) -> float:
    return project.time("pulumi", "preview", "--stack", STACK, "--non-interactive")


BENCH = Bench(
    title="Many functions",
    method=(
        f"`python -m bench growth`: previews of the first release of {_FEW} and of {_MANY} functions, by turns, each on"
        " a local cloud of its own. That their sources pass the checks is known from a preview before."
    ),
    run=measure,
)
