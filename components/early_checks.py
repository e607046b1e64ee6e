"""Runs what can be proven of a backend while a preview is being made, so that neither waits for the other."""

import asyncio
import atexit
import subprocess
from typing import TypeVar

import pulumi

from release.backend_source import BackendSource
from release.error import ReleaseError
from release.proven_backend import whole_verdict

_T = TypeVar("_T")


class EarlyChecks:
    """Owns the process of the checks; there is none where this backend passed before, or where this is no preview.

    What passes is noted, so the step `tests` of the `up` that follows finds its work done.

    Args:
        backend: the sources.
    """

    def __init__(self, backend: BackendSource) -> None:
        self._process: subprocess.Popen[str] | None = None
        if not pulumi.runtime.is_dry_run():
            return
        try:
            proven = whole_verdict(backend).passed
        except ReleaseError:
            # There is no Deno; the step `tests` says so.
            return
        if proven:
            return
        self._process = subprocess.Popen(
            ["release/command", "check", "--backend", str(backend.directory)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # Where something else ends the program, nobody waits for the checks any more.
        atexit.register(self._process.kill)

    def proven(self, value: pulumi.Output[_T]) -> pulumi.Output[_T]:
        """Give a value that there is only when the checks passed; the program fails with their report otherwise.

        The program's resources are declared while the checks still run.
        """
        finished: pulumi.Input[bool] = self._finish()
        return pulumi.Output.all(value, finished).apply(lambda both: both[0])

    async def _finish(self) -> bool:
        if self._process is None:
            return True
        report, _ = await asyncio.to_thread(self._process.communicate)
        atexit.unregister(self._process.kill)
        if self._process.returncode != 0:
            raise pulumi.RunError(report.strip())
        return True
