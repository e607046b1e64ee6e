"""gitleaks, which looks for credentials in commits: only pull requests' checks need it, so `ensure` leaves it out."""

from pathlib import Path

from toolchain import cache, golang, report

_MODULE = "gitleaks"
_PACKAGE = "github.com/zricethezav/gitleaks/v8"


def program() -> Path:
    """Give the program, built from the sources that go.sum lists the first time that it is asked for.

    Raises:
        ToolchainError: it can't be built.
    """
    return cache.obtain(f"gitleaks-{golang.recipe(_MODULE)}", _build) / "gitleaks"


def _build(to: Path) -> None:
    with report.doing("gitleaks", "building it from Go modules", "1 min"):
        golang.build(
            _MODULE,
            to / "gitleaks",
            package=_PACKAGE,
            consequence="Without gitleaks nothing looks for credentials in commits.",
        )
