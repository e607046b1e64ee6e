"""Running the tools that download and build."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolchain.errors import ToolchainError

# Some tools say first what is wrong (npm), others last (go, pip).
_LINES_SHOWN = 12


def run(
    command: Sequence[str | Path],
    *,
    consequence: str,
    remedy: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 1800,
) -> str:
    """Run a command to its end and return its standard output.

    Args:
        command: The program and its arguments.
        consequence: What does not work when the command fails, as a sentence.
        remedy: What to do about that, as a sentence.
        cwd: The working directory.
        environment: The whole environment; by default this process's own.
        timeout: Seconds until the command is killed and counts as failed.

    Raises:
        ToolchainError: The command can't be started, fails or takes too long.
    """
    shown = " ".join(str(part) for part in command)
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=environment,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise ToolchainError(f"`{shown}` can't be started: {error}. {consequence} {remedy}") from error
    except subprocess.TimeoutExpired as error:
        raise ToolchainError(f"`{shown}` took more than {timeout:.0f} s. {consequence} {remedy}") from error
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        if len(lines) > 2 * _LINES_SHOWN:
            lines = [*lines[:_LINES_SHOWN], "…", *lines[-_LINES_SHOWN:]]
        said = "\n".join(f"    {line}" for line in lines)
        raise ToolchainError(f"`{shown}` failed with exit code {done.returncode}:\n{said}\n{consequence} {remedy}")
    return done.stdout
