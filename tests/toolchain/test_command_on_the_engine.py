"""What only the real engine shows of the plugin `command`."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from toolchain import parts

pytestmark = pytest.mark.engine

PROGRAM = """\
import pulumi
from pulumi_command.local import Command

Command(
    "it",
    create="echo working; echo create $RELEASE >> log; {create}",
    delete="echo delete $RELEASE >> log",
    environment={{"RELEASE": "{release}", "PASSWORD": pulumi.Output.secret("hunter2")}},
    triggers=["{trigger}"],
)
"""


@dataclass(frozen=True)
class Stack:
    """A project with one command, and its state, in a folder."""

    folder: Path

    def declare(self, *, release: str = "one", trigger: str = "one", create: str = "true") -> None:
        text = PROGRAM.format(release=release, trigger=trigger, create=create)
        (self.folder / "__main__.py").write_text(text)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        (self.folder / "state").mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([*map(str, parts.path()), os.environ["PATH"]]),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "local",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
        return said

    def log(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    (tmp_path / "Pulumi.yaml").write_text("name: trial\nruntime: python\n")
    made = Stack(tmp_path)
    made.run("stack", "init", "test")
    return made


def test_a_command_from_its_first_run_to_its_removal(stack: Stack) -> None:
    stack.declare()
    preview = stack.run("preview")
    assert not (stack.folder / "log").exists()
    up = stack.run("up", "--yes")
    stack.run("preview", "--expect-no-changes")

    stack.declare(release="two")
    assert "[diff: ~environment]" in stack.run("up", "--yes")
    stack.declare(release="two", trigger="two")
    assert "[diff: ~triggers]" in stack.run("up", "--yes")
    stack.run("destroy", "--yes")

    assert "warning" not in preview.lower()
    assert "working" in up
    assert stack.log() == ["create one", "create two", "create two", "delete two", "delete two"]
    assert "hunter2" not in preview + up
    written = [path.read_text(errors="replace") for path in (stack.folder / "state").rglob("*") if path.is_file()]
    assert written
    assert not any("hunter2" in text for text in written)


def test_interrupting_the_engine_ends_the_command_and_its_children(stack: Stack) -> None:
    stack.declare(create="sleep 600 & wait; echo survived >> log")
    engine = stack.start("up", "--yes")
    deadline = time.monotonic() + 60
    sleeping: list[psutil.Process] = []
    while not sleeping:
        assert time.monotonic() < deadline
        below = psutil.Process(engine.pid).children(recursive=True)
        sleeping = [process for process in below if process.name() == "sleep"]
        time.sleep(0.05)

    engine.send_signal(signal.SIGINT)
    said, _ = engine.communicate(timeout=60)

    assert engine.returncode != 0
    assert "was cancelled" in said
    psutil.wait_procs(sleeping, timeout=10)
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in sleeping)
    assert stack.log() == ["create one"]
    stack.declare()
    stack.run("up", "--yes")
    assert stack.log() == ["create one", "create one"]
