"""What only the real engine shows of the plugin `command`."""

import json
import os
import signal
import subprocess
import textwrap
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.toolchain.plugin_process import PUBLISHED, beyond_the_published
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
        self.program(PROGRAM.format(release=release, trigger=trigger, create=create))

    def program(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(textwrap.dedent(text))

    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("stack", "output", "--json", "--show-secrets"))
        return found

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
    project: dict[str, Any] = {"name": "trial", "runtime": "python"}
    if PUBLISHED:
        project["plugins"] = {"providers": [{"name": "command", "path": str(Path(PUBLISHED).parent)}]}
    (tmp_path / "Pulumi.yaml").write_text(json.dumps(project))
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


@beyond_the_published
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
    stack.run("up", "--yes", "--skip-preview")
    assert stack.log() == ["create one", "create one"]


def test_files_that_a_command_makes_reach_other_resources_and_replace_them_when_they_change(stack: Stack) -> None:
    program = """\
        import pulumi
        from pulumi_command.local import Command

        made = Command("made", create="mkdir -p out; echo {text} > out/a.txt; echo b > out/secret.txt",
            asset_paths=["out/*", "!**secret*"], archive_paths=["**.txt"])
        paths = made.assets.apply(lambda found: " ".join(asset.path for asset in found.values()))
        Command("user", create=pulumi.Output.concat("cat ", paths, " >> log"),
            triggers=[made.archive, pulumi.FileAsset("Pulumi.yaml")])
        pulumi.export("assets", made.assets.apply(sorted))
        pulumi.export("archive", made.archive)
        """
    stack.program(program.replace("{text}", "one"))
    stack.run("up", "--yes", "--skip-preview")
    found = stack.outputs()
    stack.run("preview", "--expect-no-changes")
    stack.program(program.replace("{text}", "two"))
    planned = stack.run("up", "--yes")

    assert found["assets"] == ["out/a.txt"]
    members = found["archive"]["assets"]
    assert {name: entry["hash"] for name, entry in members.items()} == {
        "out/a.txt": sha256(b"one\n").hexdigest(),
        "out/secret.txt": sha256(b"b\n").hexdigest(),
    }
    assert "[diff: ~create]" in planned
    assert "[diff: ~triggers]" in planned
    assert stack.log() == ["one", "two"]


def test_the_function_runs_in_a_preview_too_and_keeps_secrets(stack: Stack) -> None:
    stack.program("""\
        import pulumi
        from pulumi_command import local

        now = local.run(command="echo now >> log; echo $COLOUR; echo b > b.txt", environment={"COLOUR": "red"},
            asset_paths=["b.*"], archive_paths=["b.*"])
        later = local.run_output(command="echo later >> log; cat", logging="none",
            stdin=pulumi.Output.secret("hunter2"))
        pulumi.export("now", now.stdout)
        pulumi.export("asset", now.assets["b.txt"])
        pulumi.export("archive", now.archive)
        pulumi.export("later", later.stdout)
        """)

    preview = stack.run("preview")
    assert sorted(stack.log()) == ["later", "now"]
    up = stack.run("up", "--yes", "--skip-preview")

    assert sorted(stack.log()) == ["later", "later", "now", "now"]
    assert "red" in preview
    assert "hunter2" not in preview + up
    found = stack.outputs()
    assert (found["now"], found["later"]) == ("red", "hunter2")
    assert found["asset"]["hash"] == found["archive"]["assets"]["b.txt"]["hash"] == sha256(b"b\n").hexdigest()


def test_what_the_engine_shows_and_what_it_keeps_of_the_output(stack: Stack) -> None:
    stack.program("""\
        import pulumi
        from pulumi_command.local import Command, Logging

        for mode in Logging:
            made = Command(mode, create=f"echo {mode.value} written; echo {mode.value} complained >&2", logging=mode)
            pulumi.export(mode.value, [made.stdout, made.stderr])
        quiet = Command("quiet", create="echo hunter2", logging=Logging.NONE,
            opts=pulumi.ResourceOptions(additional_secret_outputs=["stdout"]))
        pulumi.export("quiet", quiet.stdout)
        """)

    said = stack.run("up", "--yes", "--skip-preview", "--suppress-outputs")

    both = ("written", "complained")
    modes = {"stdout": ("written",), "stderr": ("complained",), "stdoutAndStderr": both, "none": ()}
    for mode, shown in modes.items():
        assert tuple(word for word in both if f"{mode} {word}" in said) == shown
    assert "hunter2" not in said
    assert stack.outputs() == {
        **{mode: [f"{mode} written", f"{mode} complained"] for mode in modes},
        "quiet": "hunter2",
    }


def test_a_command_that_fails_fails_the_release_and_runs_again_in_the_next(stack: Stack) -> None:
    stack.declare(create="echo the reason >&2; exit 3")
    failing = stack.start("up", "--yes", "--skip-preview")
    said, _ = failing.communicate(timeout=120)

    assert failing.returncode != 0
    assert "error: exit status 3: running" in said
    assert "the reason" in said
    assert "hunter2" not in said
    stack.declare()
    stack.run("up", "--yes")
    assert stack.log() == ["create one", "create one"]
