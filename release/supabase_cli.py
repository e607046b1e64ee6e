"""Runs the Supabase CLI, and does not believe its exit code alone."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release.error import ReleaseError

# The CLI's words for a platform that fails; it has tried again itself where it was told to wait (429).
_UNANSWERED = re.compile(r"unexpected deploy status 5\d\d|TransportError")


@dataclass(frozen=True, kw_only=True)
class CliAnswer:
    """What a command of the CLI left behind.

    Attributes:
        succeeded: it ended with 0 and warned of nothing: the CLI warns, and goes on, about files that it can't read.
        code: the CLI's name for the error, such as DbPushApplyError; empty where it gave none.
        message: the error's or warning's text where it did not succeed.
        killed: a signal ended it, so it may have done what it was to do.
    """

    succeeded: bool
    code: str
    message: str
    killed: bool = False

    @property
    def unanswered(self) -> bool:
        """Whether the platform failed to answer: neither done nor refused, as far as the CLI knows."""
        return _UNANSWERED.search(self.message) is not None

    @property
    def in_doubt(self) -> bool:
        """Whether what was asked for may be done although this did not succeed."""
        return self.killed or self.unanswered


@contextmanager
def copied_backend(backend: Path, files: Iterable[str]) -> Iterator[Path]:
    """Give a throw-away folder with just these files: the CLI writes beside what it reads.

    Args:
        backend: the backend's folder.
        files: paths relative to it.
    """
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        folder = Path(name)
        for file in files:
            copy = folder / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(backend / file, copy)
        yield folder


def run_cli(arguments: list[str], *, folder: Path, environment: Mapping[str, str]) -> CliAnswer:
    """Run one command to its end.

    Args:
        arguments: the command and its flags, without anything secret.
        folder: the folder that holds `supabase/`; the CLI's home is below it.
        environment: what the command gets beside this process's environment.

    Raises:
        ReleaseError: the CLI is not installed.
    """
    home = folder / ".home"
    home.mkdir(exist_ok=True)
    try:
        result = subprocess.run(
            ["supabase", *arguments, "--yes", "--output-format", "json", "--agent", "no", "--workdir", str(folder)],
            cwd=folder,
            env={
                **os.environ,
                "SUPABASE_HOME": str(home),
                "SUPABASE_TELEMETRY_DISABLED": "1",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise ReleaseError(
            "The Supabase CLI is not on PATH, so nothing was changed."
            " Remedy: python3 -m toolchain ensure, and run inside `python -m localcloud shell` or with its bin folder"
            " on PATH."
        ) from error
    if result.returncode < 0:
        name = signal.Signals(-result.returncode).name
        return CliAnswer(succeeded=False, code="", message=f"the Supabase CLI was ended by {name}", killed=True)
    document = _last_document(result.stdout)
    warnings = [line for line in result.stderr.splitlines() if line.lstrip().upper().startswith("WARN")]
    failure = document.get("error", {}) if document.get("_tag") == "Error" else {}
    succeeded = result.returncode == 0 and not warnings and not failure
    message = failure.get("message") or "\n".join(warnings) or result.stderr.strip()
    return CliAnswer(succeeded=succeeded, code=failure.get("code", ""), message="" if succeeded else message)


def _last_document(text: str) -> dict[str, Any]:
    for line in reversed([text, *text.splitlines()]):
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            return document
    return {}
