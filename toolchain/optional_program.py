"""Programs that only some need, so that `ensure` leaves them out: each is built the first time that it is asked for."""

from dataclasses import dataclass
from pathlib import Path

from toolchain import cache, golang, report


@dataclass(frozen=True)
class OptionalProgram:
    """A program that is built from Go modules.

    Attributes:
        name: its own, and that of the folder below toolchain/go which pins it.
        package: the package to build.
        estimate: how long that takes on two cores, for people.
        consequence: what does not work without it.
    """

    name: str
    package: str
    estimate: str
    consequence: str

    def path(self) -> Path:
        """Give the program, built from the sources that go.sum lists the first time that it is asked for.

        Raises:
            ToolchainError: it can't be built.
        """
        return cache.obtain(f"{self.name}-{golang.recipe(self.name)}", self._build) / self.name

    def _build(self, to: Path) -> None:
        with report.doing(self.name, "building it from Go modules", self.estimate):
            golang.build(self.name, to / self.name, package=self.package, consequence=self.consequence)


OPTIONAL_PROGRAMS = {
    program.name: program
    for program in (
        OptionalProgram(
            name="gitleaks",
            package="github.com/zricethezav/gitleaks/v8",
            estimate="1 min",
            consequence="Without gitleaks nothing looks for credentials in commits.",
        ),
        OptionalProgram(
            name="versitygw",
            package="github.com/versity/versitygw/cmd/versitygw",
            estimate="2 min",
            consequence="Without an S3-compatible server states can't be tried on one.",
        ),
    )
}
"""By name; a new one is an entry here and a folder below toolchain/go."""
