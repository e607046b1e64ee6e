"""The programs that a release runs: where they are, and which build they are."""

import shutil
import sys
from pathlib import Path

from release.error import ReleaseError


def find_tool(name: str) -> Path:
    """Find a program that the toolchain installs beside this Python, or else on PATH.

    Raises:
        ReleaseError: it is in neither place.
    """
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise ReleaseError(
            f"{name} is not installed, so what it checks can't be checked. Remedy: python3 -m toolchain ensure."
        )
    return Path(found)


def identify(program: Path) -> str:
    """Tell one build of a program from another without running it."""
    found = program.resolve().stat()
    return f"{program.name} {found.st_size} {found.st_mtime_ns}"
