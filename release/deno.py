"""Runs Deno on the backend, without the credentials of a deployment."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from release.child_environment import child_environment
from release.tools import find_tool

_SHOWN_CHARACTERS = 4000


def run_deno(backend: Path, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run a command in the backend's folder to its end; of the environment it gets only what `child_environment` gives.

    Raises:
        ReleaseError: Deno is not installed.
    """
    return subprocess.run(
        [find_tool("deno"), *arguments],
        cwd=backend,
        env={**child_environment(), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def shorten_output(output: str) -> str:
    """Give what failed: Deno prints what passed before its heading, and a trace of its own after it."""
    heading = output.find("ERRORS")
    return output[max(heading, 0) :].split("\nStack backtrace:", maxsplit=1)[0].strip()[-_SHOWN_CHARACTERS:]
