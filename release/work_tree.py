"""What git says of a folder, where it can say anything."""

import subprocess
from pathlib import Path


def ask_git(folder: Path, *arguments: str) -> str | None:
    """Give what a git command in a folder prints; None where it fails, as outside of a checkout."""
    command = ["git", "-C", str(folder), *arguments]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    return result.stdout.strip() if result.returncode == 0 else None


def read_commit(directory: Path) -> tuple[str | None, bool | None]:
    """Give the work tree's commit, and whether this folder differs from it; nothing where this is no git checkout."""
    commit = ask_git(directory, "rev-parse", "HEAD")
    status = ask_git(directory, "status", "--porcelain", "--", ".")
    return commit, None if status is None else bool(status)
