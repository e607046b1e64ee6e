"""What faults are tried on: a checkout with a local cloud of its own, and what has to hold there."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from faults.running_up import RunningUp
from tests.engine.checkout import Checkout, Live, Run

_LEFTOVER_SECONDS = 10.0
_LOOK_SECONDS = 0.0005


@contextlib.contextmanager
def temporary_checkout() -> Iterator[Checkout]:
    """Make a checkout; it and its local cloud are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        checkout = Checkout.make(Path(name) / "checkout")
        try:
            yield checkout
        finally:
            checkout.localcloud("stop")


@dataclass
class Ground(ABC):
    """A checkout and its project.

    Attributes:
        checkout: the copy of the project.
        live: its project.
        runs: every `up` so far.
    """

    checkout: Checkout
    live: Live
    runs: list[RunningUp] = field(default_factory=list)

    @contextlib.contextmanager
    def ended(self) -> Iterator[None]:
        """End every run that is still under way, afterwards."""
        try:
            yield
        finally:
            self.end_runs()

    def end_runs(self) -> None:
        """End every run so far, and what outlived it."""
        while self.runs:
            self.runs.pop().end()

    @property
    @abstractmethod
    def title(self) -> str:
        """What comes before a case's name."""

    @property
    @abstractmethod
    def ref(self) -> str:
        """The project's ref, as a regular expression."""

    @abstractmethod
    def prepare_release(self) -> None:
        """Make ready what the next `up` has to do."""

    @abstractmethod
    def broken_promises(self) -> list[str]:
        """Say what holds whatever happened, and does not."""

    @abstractmethod
    def missing(self) -> list[str]:
        """Say what is declared and is not so: nothing, after an exit code 0."""

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Move the local cloud's control plane; gives its answer."""
        answer = self.live.control(method, path, body)
        return answer.json() if answer.content else None

    def state_file(self) -> Path:
        """Give the file that the engine keeps the stack's state in."""
        [file] = (self.checkout.directory / ".local/pulumi/.pulumi/stacks").rglob(f"{self.checkout.stack}.json")
        return file

    def count_checkpoints(self, up: RunningUp, *, most: int | None = None) -> int:
        """Count how often a run writes the state, until it ends or has written it so often."""
        path = self.state_file()
        count, before = 0, _written(path)
        while count != most:
            running = up.running
            # Each time it is another file under the same name, which is missing for a moment.
            if (now := _written(path)) not in {before, None}:
                count, before = count + 1, now
            elif not running:
                break
            time.sleep(_LOOK_SECONDS)
        return count

    def restore_state(self) -> None:
        """Put the state back to where the last whole run left it, as docs/state.md says for a torn file."""
        history = (self.checkout.directory / ".local/pulumi/.pulumi/history").rglob(
            f"{self.checkout.stack}-*.checkpoint.json"
        )
        for checkpoint in sorted(history, key=lambda path: path.stat().st_mtime_ns, reverse=True):
            with contextlib.suppress(json.JSONDecodeError):
                json.loads(checkpoint.read_text(encoding="utf-8"))
                shutil.copy(checkpoint, self.state_file())
                return
        raise RuntimeError("No state of any run is whole.")

    def begin_up(self, *arguments: str, environment: Mapping[str, str] | None = None) -> RunningUp:
        """Start `pulumi up --skip-preview`."""
        descriptor, path = tempfile.mkstemp(dir=self.checkout.directory.parent, suffix=".txt")
        with os.fdopen(descriptor, "wb") as output:
            process = subprocess.Popen(
                ["pulumi", "up", "--stack", self.checkout.stack, "--yes", "--skip-preview", *arguments],
                cwd=self.checkout.directory,
                env={**self.live.variables, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.runs.append(RunningUp(process, Path(path)))
        return self.runs[-1]

    def is_locked(self) -> bool:
        """Tell whether the engine left a lock, which refuses the next run and names `pulumi cancel`."""
        locks = self.checkout.directory / ".local/pulumi/.pulumi/locks"
        return any(locks.rglob("*.json"))

    def cancel(self) -> Run:
        """Run `pulumi cancel`, as the engine asks for after it was killed."""
        result = subprocess.run(
            ["pulumi", "cancel", "--stack", self.checkout.stack, "--yes"],
            cwd=self.checkout.directory,
            env=self.live.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(result.returncode, result.stdout + result.stderr)

    def wait_for_orphans(self, processes: list[psutil.Process]) -> list[str]:
        """Wait until processes of a killed run have ended; gives those that have not in time."""
        _, alive = psutil.wait_procs(processes, timeout=_LEFTOVER_SECONDS)
        names = []
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                names.append(" ".join(process.cmdline())[:80] or process.name())
        return names


def _written(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
