"""Running the tools that download and build."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolchain.errors import ToolchainError

# Some tools say first what is wrong (npm), others last (go, pip).
_LINES_SHOWN = 12

# What the words of pip, uv, npm, Go and the engine mean, and what helps where that is not what the caller advises.
_AGAIN = "then run `python3 -m toolchain ensure` again."
_CAUSES = (
    (r"no space left on device|ENOSPC|disk quota exceeded", "the disk is full", f"Free some space, {_AGAIN}"),
    (r"read-only file system|EROFS", "that place can't be written", f"Set XDG_CACHE_HOME to one that can, {_AGAIN}"),
    (
        r"(unable to execute|command|no such file or directory:) '(\S*[-/])?(g?cc|clang|[cg]\+\+)(-[\d.]+)?'",
        "a package has to be compiled here, and there is no C compiler",
        f"Install one (`apt-get install build-essential`, `xcode-select --install`), {_AGAIN}",
    ),
    (
        r"\b(401|403|407|410)\b.{0,20}(unauthorized|forbidden|authentic|gone)|E401|E403",
        "the registry refuses that",
        None,
    ),
    (
        (
            r"no such host|name resolution|name or service not known|nodename nor servname|ENOTFOUND|EAI_AGAIN"
            r"|dns error|connection refused|ECONNREFUSED|network is unreachable|ENETUNREACH|no route to host"
            r"|timed? ?out|error trying to connect|failed to establish a new connection"
        ),
        "the registry can't be reached",
        None,
    ),
)


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
        written = done.stdout + done.stderr
        cause, remedy = _explained(written, remedy)
        lines = [line for line in written.splitlines() if line.strip()]
        if len(lines) > 2 * _LINES_SHOWN:
            lines = [*lines[:_LINES_SHOWN], "…", *lines[-_LINES_SHOWN:]]
        said = "\n".join(f"    {line}" for line in lines)
        raise ToolchainError(
            f"`{shown}` failed with exit code {done.returncode}{cause}:\n{said}\n{consequence} {remedy}"
        )
    return done.stdout


def _explained(written: str, remedy: str) -> tuple[str, str]:
    """Name the cause of a failure as far as a tool's output tells it, and choose the remedy."""
    for pattern, cause, better in _CAUSES:
        if re.search(pattern, written, re.IGNORECASE):
            return f", since {cause}", better or remedy
    return "", remedy
