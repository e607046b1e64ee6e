"""What a release costs of one changed function among many, against the plain commands."""

from functools import partial

from bench.copy_of_project import temporary
from bench.empty_program import EmptyProgram
from bench.large_project import LargeProject
from bench.measurement import Bench, Measurement, Say

_ROUNDS = 5
_FUNCTIONS = 100
_DELAY = 1.0  # seconds that each deploy call takes longer


def measure(say: Say) -> list[Measurement]:
    """Release by turns with the engine and with the plain commands, on a copy of the project."""
    shares, factors, overheads, engines = [], [], [], []
    with temporary(partial(LargeProject, functions=_FUNCTIONS)) as project:
        say(f"releasing {_FUNCTIONS} functions for the first time")
        project.up()
        project.provide_keys()
        project.slow_down(_DELAY)
        empty = EmptyProgram(project)
        for number in range(_ROUNDS):
            project.edit(f"round {number}")
            say(f"round {number + 1} of {_ROUNDS}: one changed function, with the engine")
            ours = project.up()
            say(f"round {number + 1} of {_ROUNDS}: its parts by themselves")
            parts = sum(project.time(*part, folder=project.backend) for part in project.parts())
            engine = empty.up()
            say(f"round {number + 1} of {_ROUNDS}: the plain commands")
            plain = project.time(*project.plain(), folder=project.backend)
            # The plain commands deploy everything anew, which the next `up` would take for changes by hand.
            project.up()
            shares.append(ours / plain)
            factors.append(ours / parts)
            overheads.append(ours / (parts + engine))
            engines.append(engine / parts)
    return [
        Measurement(name="`pulumi up` ÷ the plain commands", unit="", samples=shares, goal=0.12),
        Measurement(name="`pulumi up` ÷ tests, one deploy and smoke tests", unit="", samples=factors, goal=1.5),
        Measurement(name="`pulumi up` ÷ those and the `up` of an empty program", unit="", samples=overheads, goal=None),
        Measurement(name="the `up` of an empty program ÷ those", unit="", samples=engines, goal=None),
    ]


BENCH = Bench(
    title=f"One changed function among {_FUNCTIONS}",
    method=(
        f"`python -m bench release`: a copy of the project with {_FUNCTIONS} functions on a local cloud whose deploy"
        f" calls take {_DELAY:g} s longer. In each round the same change is released by `pulumi up` and by"
        f" `bench/plain.sh`; the parts are the backend's tests, `supabase functions deploy NAME` and the smoke tests,"
        f" one after the other. The engine's own time, which no program can save, is that of an empty program."
    ),
    run=measure,
)
