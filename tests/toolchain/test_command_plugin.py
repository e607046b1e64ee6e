"""command:local:Command as its documentation for 1.2.1 describes it."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from pulumi.runtime.proto import provider_pb2

from tests.provider.plugin_process import EngineDouble
from tests.toolchain.plugin_process import UNKNOWN, Plugin, secret


def test_create_runs_the_command_and_gives_both_outputs_without_the_last_line_break(command: Plugin) -> None:
    made = command.create(create="echo one; echo two; echo three >&2")

    assert made.id.startswith("it")
    assert made.state == {
        "create": "echo one; echo two; echo three >&2",
        "stdout": "one\ntwo",
        "stderr": "three",
    }


def test_a_preview_runs_nothing_and_knows_no_output(command: Plugin, tmp_path: Path) -> None:
    planned = command.create(create="touch created", update="touch updated", preview=True)
    made = command.create(create="true")
    command.update(made, create="touch created", update="touch updated", preview=True)

    assert list(tmp_path.iterdir()) == []
    assert planned.state["stdout"] == UNKNOWN
    assert planned.state["create"] == "touch created"


def test_a_command_without_create_runs_nothing(command: Plugin) -> None:
    made = command.create(delete="echo deleted >> log")

    assert (made.state["stdout"], made.state["stderr"]) == ("", "")


def test_update_runs_its_own_script_with_the_outputs_of_the_run_before(command: Plugin) -> None:
    made = command.create(create="echo first; echo warning >&2", update="echo unused")

    changed = command.update(
        made, create="exit 1", update='echo "after $PULUMI_COMMAND_STDOUT and $PULUMI_COMMAND_STDERR"'
    )

    assert changed.state["stdout"] == "after first and warning"
    assert changed.state["stderr"] == ""


def test_update_runs_create_again_where_there_is_no_update_script(command: Plugin) -> None:
    made = command.create(create="echo $COLOUR", environment={"COLOUR": "red"})

    changed = command.update(made, create="echo $COLOUR", environment={"COLOUR": "blue"})

    assert changed.state["stdout"] == "blue"


def test_the_outputs_of_the_run_before_can_be_kept_out(command: Plugin) -> None:
    made = command.create(create="echo first")

    changed = command.update(made, create='echo "${PULUMI_COMMAND_STDOUT-none}"', addPreviousOutputInEnv=False)

    assert changed.state["stdout"] == "none"


def test_delete_runs_with_the_environment_and_the_outputs_that_were_last_in_force(
    command: Plugin, tmp_path: Path
) -> None:
    made = command.create(
        create="echo made", delete='echo "$COLOUR $PULUMI_COMMAND_STDOUT" > log', environment={"COLOUR": "red"}
    )

    command.delete(made)

    assert (tmp_path / "log").read_text() == "red made\n"


def test_delete_without_a_script_does_nothing(command: Plugin, tmp_path: Path) -> None:
    command.delete(command.create(create="echo made"))

    assert list(tmp_path.iterdir()) == []


def test_directory_standard_input_and_interpreter(command: Plugin, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()

    made = command.create(
        create="import os, sys; print(os.getcwd(), sys.stdin.read())",
        interpreter=["python3", "-c"],
        dir=str(tmp_path / "below"),
        stdin="from the program",
    )

    assert made.state["stdout"] == f"{tmp_path / 'below'} from the program"


def test_without_standard_input_a_command_that_reads_it_ends(command: Plugin) -> None:
    assert command.create(create="cat").state["stdout"] == ""


def test_the_declared_environment_wins_over_the_engines(command: Plugin) -> None:
    assert command.create(create="echo $HOME", environment={"HOME": "/elsewhere"}).state["stdout"] == "/elsewhere"


def test_a_missing_directory_is_an_error(command: Plugin, tmp_path: Path) -> None:
    with pytest.raises(grpc.RpcError, match="no such file or directory"):
        command.create(create="true", dir=str(tmp_path / "missing"))


def test_a_failing_command_is_an_error_with_its_exit_code_and_its_output(command: Plugin) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        command.create(create="echo so far; echo the reason >&2; exit 3")

    assert "exit status 3" in _details(failed.value)
    assert {"so far", "the reason"} <= set(_details(failed.value).splitlines())


def test_an_error_does_not_repeat_the_command_or_its_environment(command: Plugin) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        command.create(create="false # hunter2", environment={"PASSWORD": secret("hunter3")}, stdin=secret("hunter4"))

    assert "hunter" not in _details(failed.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("environment", {"WORD": secret("hunter2")}), ("stdin", secret("hunter2")), ("create", secret("echo hunter2"))],
)
def test_a_secret_input_stays_one_in_the_state(command: Plugin, name: str, value: Any) -> None:
    inputs: dict[str, Any] = {"create": "true", name: value}

    made = command.create(**inputs)
    changed = command.update(made, **inputs, dir=".")

    assert made.state[name] == changed.state[name] == value


def test_outputs_are_secrets_only_where_the_program_says_so(command: Plugin) -> None:
    made = command.create(create="cat", stdin=secret("hunter2"))

    assert made.state["stdout"] == "hunter2"


@pytest.mark.parametrize(
    ("change", "kind", "replaces"),
    [
        ({"create": "echo two"}, "UPDATE", False),
        ({"environment": {"COLOUR": "blue"}}, "UPDATE", False),
        ({"update": "echo two"}, "ADD", False),
        ({"triggers": ["one"]}, "ADD_REPLACE", True),
    ],
)
def test_what_a_change_does(command: Plugin, change: dict[str, Any], kind: str, *, replaces: bool) -> None:
    inputs: dict[str, Any] = {"create": "echo one", "environment": {"COLOUR": "red"}}
    made = command.create(**inputs)

    found = command.diff(made, **(inputs | change))

    assert found.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert [provider_pb2.PropertyDiff.Kind.Name(entry.kind) for entry in found.detailedDiff.values()] == [kind]
    assert all(entry.kind % 2 == replaces for entry in found.detailedDiff.values())


def test_the_same_inputs_are_no_change(command: Plugin) -> None:
    inputs: dict[str, Any] = {
        "create": "date +%N",
        "triggers": ["one", {"two": 2}],
        "environment": {"WORD": secret("hunter2")},
    }

    found = command.diff(command.create(**inputs), **inputs)

    assert found.changes == provider_pb2.DiffResponse.DIFF_NONE


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        (None, {"to stdout", "to stderr"}),
        ("stdoutAndStderr", {"to stdout", "to stderr"}),
        ("stdout", {"to stdout"}),
        ("stderr", {"to stderr"}),
        ("none", set()),
    ],
)
def test_what_the_engine_shows_of_the_output(
    command: Plugin, engine_double: tuple[EngineDouble, str], mode: str | None, shown: set[str]
) -> None:
    inputs: dict[str, Any] = {"logging": mode} if mode else {}

    made = command.create(create="echo to stdout; echo to stderr >&2", **inputs)

    assert {entry.message for entry in engine_double[0].logged} == shown
    assert all(entry.urn.endswith("::it") and entry.ephemeral for entry in engine_double[0].logged)
    assert (made.state["stdout"], made.state["stderr"]) == ("to stdout", "to stderr")


def test_output_is_shown_while_the_command_runs(
    command: Plugin, engine_double: tuple[EngineDouble, str], tmp_path: Path
) -> None:
    running = _Background(lambda: command.create(create="echo ready; while [ ! -e go ]; do sleep 0.02; done"))
    _until(lambda: [entry.message for entry in engine_double[0].logged] == ["ready"])
    (tmp_path / "go").touch()

    assert running.result().state["stdout"] == "ready"


def test_a_line_longer_than_any_buffer_and_one_without_an_end_arrive_whole(
    command: Plugin, engine_double: tuple[EngineDouble, str]
) -> None:
    made = command.create(create="head -c 300000 /dev/zero | tr '\\0' x")

    assert made.state["stdout"] == "x" * 300_000
    assert [len(entry.message) for entry in engine_double[0].logged] == [300_000]


def test_files_that_the_command_made_are_assets(command: Plugin, tmp_path: Path) -> None:
    made = command.create(
        create="mkdir -p src/logos && echo a > src/a.js && echo b > src/secret.js && echo c > src/logos/c.svg",
        assetPaths=["src/**", "!**secret.*"],
        archivePaths=["src/*.js"],
    )

    paths = {name: asset["path"] for name, asset in made.state["assets"].items()}
    assert paths == {name: str(tmp_path / name) for name in ("src/a.js", "src/logos/c.svg")}
    assert set(made.state["archive"]["assets"]) == {"src/a.js", "src/secret.js"}


STUBBORN = "trap '' TERM; (trap '' TERM; echo $$ > child; sleep 600 & wait) & sleep 600"


@pytest.mark.parametrize("script", ["sleep 600 & wait", STUBBORN], ids=["polite", "stubborn"])
@pytest.mark.parametrize("how", ["cancel", "interrupt", "lost engine"])
def test_a_cancelled_command_ends_with_its_children(command: Plugin, tmp_path: Path, script: str, how: str) -> None:
    running = _Background(lambda: command.create(create=f"{script}; echo survived > log"))
    _until(lambda: len(_below(command)) >= (3 if script == STUBBORN else 2))
    started = _below(command)

    if how == "cancel":
        command.cancel()
    elif how == "interrupt":
        os.kill(command.process.pid, signal.SIGINT)
    else:
        command.channel.close()

    assert isinstance(running.failure(), grpc.RpcError | ValueError)
    _until(lambda: not any(_alive(process) for process in started))
    assert not (tmp_path / "log").exists()


def test_a_cancelled_command_may_clean_up_first(command: Plugin, tmp_path: Path) -> None:
    running = _Background(
        lambda: command.create(create="trap 'echo cleaned > log; exit 1' TERM; echo > ready; sleep 600 & wait")
    )
    _until((tmp_path / "ready").exists)

    command.cancel()

    assert "was cancelled" in _details(running.failure())
    assert (tmp_path / "log").read_text() == "cleaned\n"


def _details(error: BaseException | None) -> str:
    details: Any = getattr(error, "details", None)
    assert details is not None, error
    return str(details())


def _below(plugin: Plugin) -> list[psutil.Process]:
    return psutil.Process(plugin.process.pid).children(recursive=True)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "this did not happen within 20 s"
        time.sleep(0.02)


class _Background:
    """One call in a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._outcome: list[Any] = []
        self._thread = threading.Thread(target=self._run, args=(call,))
        self._thread.start()

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            self._outcome.append(call())
        except (grpc.RpcError, ValueError) as error:  # ValueError: the channel was closed meanwhile
            self._outcome.append(error)

    def result(self) -> Any:
        self._thread.join(20)
        assert self._outcome
        return self._outcome[0]

    def failure(self) -> BaseException:
        outcome = self.result()
        assert isinstance(outcome, BaseException)
        return outcome
