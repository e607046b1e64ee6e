"""How often a command asks the two clouds, and how much memory it takes."""

import subprocess
import threading
from contextlib import suppress
from functools import partial

import psutil

from bench.copy_of_project import temporary
from bench.large_project import STACK, LargeProject
from bench.measurement import Bench, Measurement, Say

_FEW, _MANY = 10, 100
_POLL_SECONDS = 0.05
_MEBIBYTE = 2**20
_COMMANDS = {
    "`pulumi up` without a change": ("pulumi", "up", "--stack", STACK, "--yes", "--non-interactive"),
    "`pulumi preview`": ("pulumi", "preview", "--stack", STACK, "--non-interactive"),
    "`ops audit`": ("python", "-m", "ops", "audit", "--stack", STACK),
}


def measure(say: Say) -> list[Measurement]:
    """Count and weigh each command with few and with many functions."""
    taken = {}
    for functions in (_FEW, _MANY):
        with temporary(partial(LargeProject, functions=functions)) as project:
            say(f"releasing {functions} functions")
            project.up()
            for name, command in _COMMANDS.items():
                say(f"{name} with {functions} functions")
                taken[name, functions] = _take(project, command)
    measurements = []
    for name in _COMMANDS:
        calls, memory = taken[name, _MANY]
        more = calls - taken[name, _FEW][0]
        measurements += [
            Measurement(name=f"{name}: calls with {_MANY} functions", unit="", samples=[calls], goal=None),
            Measurement(name=f"{name}: more calls than with {_FEW}", unit="", samples=[more], goal=0),
            Measurement(name=f"{name}: memory at its peak", unit="MiB", samples=[memory], goal=None),
        ]
    return measurements


def _take(project: LargeProject, command: tuple[str, ...]) -> tuple[int, float]:
    """Run a command; gives its calls and the most memory that all its processes had at once."""
    project.control("DELETE", "/requests")
    process = subprocess.Popen(
        command, cwd=project.directory, env=project.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    peak, ended = [0.0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peak, ended))
    watcher.start()
    text, _ = process.communicate()
    ended.set()
    watcher.join()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    requests = project.control("GET", "/requests")
    return sum(not request["path"].startswith("/_control") for request in requests), peak[0]


def _watch(pid: int, peak: list[float], ended: threading.Event) -> None:
    while not ended.wait(_POLL_SECONDS):
        total = 0
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(pid)
            for process in [root, *root.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    total += process.memory_full_info().pss
        peak[0] = max(peak[0], total / _MEBIBYTE)


BENCH = Bench(
    title="Calls and memory",
    method=(
        f"`python -m bench footprint`: each command once with {_FEW} and once with {_MANY} functions, released before."
        " Calls are all requests that reach the local cloud. Memory is the sum of the proportional set sizes of the"
        f" command's processes, looked at every {_POLL_SECONDS:g} s."
    ),
    run=measure,
)
