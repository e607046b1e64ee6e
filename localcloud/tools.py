"""Where the pinned tools are, as the project's toolchain tells it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from localcloud.place import PROJECT


class ToolsMissingError(Exception):
    """The toolchain can not say where a tool is; the message is its own, with the remedy."""


def directories() -> list[str]:
    """Give the folders to put on PATH.

    Raises:
        ToolsMissingError: something is not installed.
    """
    return _ask("path").splitlines()


def postgres() -> Path:
    """Give the PostgreSQL 17 installation: the one that LOCALCLOUD_POSTGRES names, or the toolchain's.

    Raises:
        ToolsMissingError: it is not installed.
    """
    return Path(os.environ.get("LOCALCLOUD_POSTGRES") or _ask("postgres"))


def deno() -> Path:
    """Find the Deno of the environment that runs the local cloud, else the one on PATH."""
    beside = Path(sys.executable).with_name("deno")
    return beside if beside.exists() else Path(shutil.which("deno") or beside)


def _ask(question: str) -> str:
    told = subprocess.run(
        [sys.executable, "-m", "toolchain", question], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if told.returncode:
        raise ToolsMissingError(told.stderr.strip())
    return told.stdout.strip()
