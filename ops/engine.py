"""The engine's command line, run by operations."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from release.error import ReleaseError


def run_engine(
    arguments: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    given: str | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run `pulumi` to its end, in this folder or another one.

    Args:
        arguments: without the program's name; no secret, since other users of the machine can read them.
        folder: that of a Pulumi.yaml.
        environment: what differs from this process's.
        given: standard input.

    Raises:
        ReleaseError: there is no engine.
    """
    try:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=folder,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1", **(environment or {})},
            input=given or "",
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ReleaseError(
            "There is no pulumi on PATH. Nothing was changed. Remedy: python3 -m toolchain ensure; on the local cloud"
            " run this by `python -m localcloud exec`."
        ) from error
