"""Comparing the version that a tool reports with the one that is needed."""

import re
import shutil
import subprocess
from collections.abc import Sequence


def reported(command: Sequence[str]) -> tuple[int, ...] | None:
    """The first dotted number that a tool prints, or None where the tool is not there or fails."""
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *command[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    return tuple(int(number) for number in found[0].split(".")) if found else None
