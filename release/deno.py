"""Runs Deno on the backend, without the credentials of a deployment."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from release.tools import find_tool

# A test has no business with the credentials of a deployment, nor with those of one stack; the model's key is the one
# that tests may use.
_WITHHELD = (
    "AWS_",
    "GITHUB_TOKEN",
    "PGPASSWORD",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "REPOSITORY_",
    "SUPABASE_ACCESS_TOKEN",
    "SUPABASE_DB_PASSWORD",
    "SUPABASE_PREVIEW_TOKEN",
    "SUPABASE_READ_TOKEN",
)
_SHOWN_CHARACTERS = 4000


def run_deno(backend: Path, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run a command in the backend's folder to its end.

    Raises:
        ReleaseError: Deno is not installed.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_WITHHELD)}
    return subprocess.run(
        [find_tool("deno"), *arguments],
        cwd=backend,
        env={**environment, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def shorten_output(output: str) -> str:
    """Give what failed: Deno prints what passed before its heading, and a trace of its own after it."""
    heading = output.find("ERRORS")
    return output[max(heading, 0) :].split("\nStack backtrace:", maxsplit=1)[0].strip()[-_SHOWN_CHARACTERS:]
