"""What an `up` costs that finds nothing to do, against programs that read nothing and that are empty."""

from functools import partial

from bench.copy_of_project import temporary
from bench.empty_program import EmptyProgram
from bench.large_project import STACK, LargeProject
from bench.measurement import Bench, Measurement, Say

_ROUNDS = 5
_FUNCTIONS, _MIGRATIONS = 100, 500
# All that the real program imports and starts, and nothing that it asks or declares.
_WITHOUT_READS = """import sys

sys.path.insert(0, "..")
import pulumi

from components.backend_release import BackendRelease
from components.deployment_environment import DeploymentEnvironment
from components.release_plan import plan_backend_release
from components.released_branch import ReleasedBranch
from components.repository_wide import RepositoryWide
from components.target_project import TargetProject

for name in ("command", "github", "supabase"):
    pulumi.ProviderResource(name, name, {})
"""


def measure(say: Say) -> list[Measurement]:
    """Run the programs by turns, each of which has nothing to do."""
    floor, empty, large = [], [], []
    with temporary(partial(LargeProject, functions=0)) as project:
        say(f"releasing {STACK}")
        project.up()
        without_reads = EmptyProgram(project, "floor", _WITHOUT_READS)
        nothing = EmptyProgram(project)
        for number in range(_ROUNDS):
            say(f"round {number + 1} of {_ROUNDS}")
            ours = project.up()
            floor.append(ours / without_reads.up())
            empty.append(ours / nothing.up())
    with temporary(partial(LargeProject, functions=_FUNCTIONS, migrations=_MIGRATIONS)) as project:
        say(f"releasing {_FUNCTIONS} functions and {_MIGRATIONS} migrations")
        project.up()
        nothing = EmptyProgram(project)
        for number in range(_ROUNDS):
            say(f"round {number + 1} of {_ROUNDS}, with {_FUNCTIONS} functions and {_MIGRATIONS} migrations")
            large.append(project.up() / nothing.up())
    many = f"with {_FUNCTIONS} functions and {_MIGRATIONS} migrations ÷ an empty program"
    return [
        Measurement(name="`pulumi up` ÷ same plugins and imports, no reads", unit="", samples=floor, goal=1.3),
        Measurement(name="`pulumi up` ÷ an empty program", unit="", samples=empty, goal=2.3),
        Measurement(name=f"`pulumi up` {many}", unit="", samples=large, goal=3.0),
    ]


BENCH = Bench(
    title="An `up` that changes nothing",
    method=(
        "`python -m bench unchanged`: a copy of the project with staging released on a local cloud. In each round one"
        " `pulumi up` of it, one of a program that imports and starts the same but asks and declares nothing, and one"
        " of an empty program. Then the same with a large backend."
    ),
    run=measure,
)
