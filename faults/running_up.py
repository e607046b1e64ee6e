"""A run of the engine that is being disturbed."""

import contextlib
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.engine.checkout import Run

_SECONDS = 480.0


@dataclass
class RunningUp:
    """A `pulumi up` under way; the process is the engine itself, its output goes to a file."""

    process: "subprocess.Popen[bytes]"
    output: Path
    begun: float = field(default_factory=time.monotonic)
    _started: set[psutil.Process] = field(default_factory=set)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def processes(self) -> list[psutil.Process]:
        """Give all processes that it has started and that run now."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._started.update(psutil.Process(self.process.pid).children(recursive=True))
        return [process for process in self._started if process.is_running()]

    def kill_engine(self) -> None:
        """Kill the engine alone; what it started is on its own."""
        self.processes()
        self.process.kill()

    def steps(self) -> list[psutil.Process]:
        """Give the release's own commands that run now, and what they have started: what could still write."""
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if process.cmdline()[1:3] == ["-m", "release"]:
                    found += [process, *process.children(recursive=True)]
        return found

    def end(self) -> None:
        """Kill it where it runs, with all that it has started: plugins of a killed engine may stay for minutes."""
        left = self.processes()
        if self.running:
            self.process.kill()
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()

    def wait(self) -> Run:
        """Wait for its end; one that hangs is killed, and has code -9."""
        try:
            self.process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self.end()
        return Run(self.process.returncode, self.output.read_text(encoding="utf-8", errors="replace"))
