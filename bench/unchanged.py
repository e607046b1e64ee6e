"""What an `up` costs that finds nothing to do, against programs that read nothing and that are empty."""

from bench.copy_of_project import Copy, temporary
from bench.measurement import Bench, Measurement, Say

_ROUNDS = 5
_STACK = "staging"
_UP = ("pulumi", "up", "--yes", "--non-interactive", "--stack")
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
    """Run the three programs by turns, each of which has nothing to do."""
    floor, empty = [], []
    with temporary(_Project) as project:
        say(f"releasing {_STACK}")
        project.run(*_UP, _STACK)
        for program in ("floor", "empty"):
            project.run("pulumi", "stack", "init", "bench", folder=project.directory / program)
            project.run(*_UP, "bench", folder=project.directory / program)
        for number in range(_ROUNDS):
            say(f"round {number + 1} of {_ROUNDS}")
            ours = project.time(*_UP, _STACK)
            floor.append(ours / project.time(*_UP, "bench", folder=project.directory / "floor"))
            empty.append(ours / project.time(*_UP, "bench", folder=project.directory / "empty"))
    return [
        Measurement(name="`pulumi up` ÷ same plugins and imports, no reads", unit="", samples=floor, goal=1.3),
        Measurement(name="`pulumi up` ÷ an empty program", unit="", samples=empty, goal=2.3),
    ]


class _Project(Copy):
    """A copy with two small programs beside the real one."""

    def prepare(self) -> None:
        self._program("floor", _WITHOUT_READS)
        self._program("empty", "")

    def _program(self, name: str, text: str) -> None:
        folder = self.directory / name
        folder.mkdir()
        (folder / "__main__.py").write_text(text, encoding="utf-8")
        (folder / "Pulumi.yaml").write_text(
            f"name: {name}\nruntime:\n  name: python\n  options:\n    virtualenv: ../.venv\n"
            "plugins:\n  providers:\n    - name: supabase\n      path: ../provider\n",
            encoding="utf-8",
        )


BENCH = Bench(
    title="An `up` that changes nothing",
    method=(
        "`python -m bench unchanged`: a copy of the project with staging released on a local cloud. In each round one"
        " `pulumi up` of it, one of a program that imports and starts the same but asks and declares nothing, and one"
        " of an empty program."
    ),
    run=measure,
)
