"""What git says of a folder, where it can say anything."""

import subprocess
from pathlib import Path


def ask_git(folder: Path, *arguments: str) -> str | None:
    """Give what a git command in a folder prints; None where it fails, as outside of a checkout."""
    command = ["git", "-C", str(folder), *arguments]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    return result.stdout.strip() if result.returncode == 0 else None
