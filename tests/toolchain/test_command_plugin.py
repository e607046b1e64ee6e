"""command:local:Command as its documentation for 1.2.1 describes it.

To hold Pulumi's own plugin to the same tests, here and in test_command_on_the_engine.py and test_plugin_schema.py, name
its executable: `PUBLISHED_COMMAND_PLUGIN=~/somewhere/pulumi-resource-command pytest tests/toolchain -k command`.
What this project's plugin promises beyond it is then skipped.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from pulumi.runtime.proto import provider_pb2

from tests.provider.plugin_process import EngineDouble
from tests.toolchain.plugin_process import (
    TYPE,
    UNKNOWN,
    URN,
    Plugin,
    archive,
    beyond_the_published,
    secret,
    text_asset,
)


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


def test_what_a_preview_does_not_know_stays_unknown(command: Plugin) -> None:
    planned = command.create(create=UNKNOWN, environment={"COLOUR": UNKNOWN, "SIZE": "2"}, preview=True)

    assert planned.state["create"] == UNKNOWN
    assert planned.state["environment"] in ({"COLOUR": UNKNOWN, "SIZE": "2"}, UNKNOWN)


def test_a_preview_knows_the_outputs_that_a_run_would_not_change(command: Plugin) -> None:
    made = command.create(create="echo one", environment={"COLOUR": "red"})

    same = command.update(made, create="echo one", environment={"COLOUR": "red"}, preview=True)
    changed = command.update(made, create="echo one", environment={"COLOUR": "blue"}, preview=True)

    assert (same.state["stdout"], same.state["stderr"]) == ("one", "")
    assert (changed.state["stdout"], changed.state["stderr"]) == (UNKNOWN, UNKNOWN)


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


def test_a_failing_delete_is_an_error(command: Plugin) -> None:
    made = command.create(create="true", delete="echo in use >&2; exit 4")

    with pytest.raises(grpc.RpcError) as failed:
        command.delete(made)

    assert "exit status 4" in _details(failed.value)
    assert "in use" in _details(failed.value)


def test_a_refresh_finds_what_it_knew(command: Plugin) -> None:
    made = command.create(create="echo one", environment={"WORD": secret("hunter2")})

    assert command.read(made) == made


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


def test_an_error_names_the_command_and_not_its_environment_or_input(command: Plugin) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        command.create(create='exit 3 # "it"', environment={"PASSWORD": secret("hunter2")}, stdin=secret("hunter3"))

    assert 'exit status 3: running "exit 3 # \\"it\\""' in _details(failed.value)
    assert "hunter" not in _details(failed.value)


@beyond_the_published
def test_an_error_does_not_repeat_a_secret_command(command: Plugin) -> None:
    made = command.create(create="true", delete=secret("false # hunter2"))
    attempts: list[Callable[[], object]] = [
        lambda: command.create(create=secret("false # hunter2")),
        lambda: command.update(made, create="true", update=secret("false # hunter2")),
        lambda: command.delete(made),
        lambda: command.invoke(command=secret("false # hunter2")),
    ]

    for attempt in attempts:
        with pytest.raises(grpc.RpcError) as failed:
            attempt()
        assert "exit status 1: running a secret command" in _details(failed.value)


def test_a_command_that_a_signal_ends_is_an_error(command: Plugin) -> None:
    with pytest.raises(grpc.RpcError, match="signal: killed"):
        command.create(create="kill -9 $$")


def test_a_missing_interpreter_is_an_error(command: Plugin) -> None:
    with pytest.raises(grpc.RpcError, match="executable file not found"):
        command.create(create="true", interpreter=["no-such-program", "-c"])


def test_an_output_that_is_too_long_for_the_environment_can_be_kept_out_of_it(command: Plugin) -> None:
    made = command.create(create="head -c 300000 /dev/zero | tr '\\0' x; echo", logging="none")

    with pytest.raises(grpc.RpcError, match="argument list too long"):
        command.update(made, create="echo again")

    assert command.update(made, create="echo again", addPreviousOutputInEnv=False).state["stdout"] == "again"


@beyond_the_published
def test_output_that_is_not_text_does_not_fail_the_command(
    command: Plugin, engine_double: tuple[EngineDouble, str]
) -> None:
    made = command.create(create="printf 'caf\\351\\n'")

    assert made.state["stdout"] == "caf\N{REPLACEMENT CHARACTER}"
    assert [entry.message for entry in engine_double[0].logged] == [made.state["stdout"]]


def test_a_command_is_done_when_nothing_it_started_can_write_any_more(command: Plugin) -> None:
    assert command.create(create="(sleep 0.5; echo late) & echo early").state["stdout"] == "early\nlate"


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
        ({"environment": {}}, "DELETE", False),
        ({"logging": "none"}, "ADD", False),
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


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("one", "two"),
        (1, 2),
        ({"size": 1}, {"size": 2}),
        ([], ["one"]),
        (text_asset("one"), text_asset("two")),
        (archive(a=text_asset("one")), archive(a=text_asset("two"))),
        (secret("one"), secret("two")),
    ],
    ids=["text", "number", "object", "array", "asset", "archive", "secret"],
)
def test_a_change_of_a_trigger_of_any_type_is_seen(command: Plugin, before: Any, after: Any) -> None:
    """That it replaces is for the engine, which the package tells so; see test_command_on_the_engine.py."""
    made = command.create(create="true", triggers=["same", before])

    same = command.diff(made, create="true", triggers=["same", before])
    changed = command.diff(made, create="true", triggers=["same", after])

    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert changed.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert [name.partition("[")[0] for name in changed.detailedDiff] == ["triggers"]
    assert not changed.deleteBeforeReplace


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


@beyond_the_published
def test_a_line_longer_than_any_buffer_and_one_without_an_end_arrive_whole(
    command: Plugin, engine_double: tuple[EngineDouble, str]
) -> None:
    made = command.create(create="head -c 300000 /dev/zero | tr '\\0' x")

    assert made.state["stdout"] == "x" * 300_000
    assert [len(entry.message) for entry in engine_double[0].logged] == [300_000]


FILES = ["a.txt", "src/index.js", "src/secret.js", "src/deep/er.js", "assets/logos/logo.svg", ".hidden"]


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        (["*"], {"a.txt", ".hidden"}),
        (["**"], set(FILES)),
        (["src/*.js"], {"src/index.js", "src/secret.js"}),
        (["src/**.js"], {"src/index.js", "src/secret.js", "src/deep/er.js"}),
        (["assets/**", "src/**.js", "!**secret.*"], {"assets/logos/logo.svg", "src/index.js", "src/deep/er.js"}),
        (["!**secret.*", "src/*.js"], {"src/index.js", "src/secret.js"}),
        (["src/{index,secret}.js"], {"src/index.js", "src/secret.js"}),
        (["src", "./a.txt", "nothing"], set()),
        ([], set()),
    ],
)
def test_which_files_globs_find(command: Plugin, tmp_path: Path, globs: list[str], found: set[str]) -> None:
    for name in FILES:
        (tmp_path / "work" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "work" / name).write_text(name)

    made = command.create(create="true", dir=str(tmp_path / "work"), assetPaths=globs, archivePaths=globs)

    assert set(made.state.get("assets", {})) == set(made.state["archive"].get("assets", {})) == found


def test_files_that_the_command_made_are_assets_with_their_content(command: Plugin, tmp_path: Path) -> None:
    made = command.create(create="echo a > a.js; echo b > b.js", assetPaths=["a.js"], archivePaths=["*.js"])

    assert made.state["assets"]["a.js"]["path"] == str(tmp_path / "a.js")
    assert made.state["assets"]["a.js"]["hash"] == sha256(b"a\n").hexdigest()
    assert set(made.state["archive"]["assets"]) == {"a.js", "b.js"}


def test_files_are_looked_for_again_after_an_update(command: Plugin) -> None:
    inputs: dict[str, Any] = {"create": "echo a > a.js", "assetPaths": ["*.js"], "archivePaths": ["*.js"]}
    made = command.create(**inputs)

    changed = command.update(made, **inputs, update="echo b > a.js; echo b > b.js")

    assert {asset["hash"] for asset in changed.state["assets"].values()} == {sha256(b"b\n").hexdigest()}
    assert set(changed.state["archive"]["assets"]) == {"a.js", "b.js"}
    assert made.state["archive"]["hash"] != changed.state["archive"]["hash"]


def test_a_preview_does_not_know_which_files_there_will_be(command: Plugin) -> None:
    inputs: dict[str, Any] = {"create": "echo a > a.js", "assetPaths": ["*.js"], "archivePaths": ["*.js"]}
    made = command.create(**inputs)

    planned = command.update(made, **inputs | {"create": "echo b > b.js"}, preview=True)

    assert (planned.state["assets"], planned.state["archive"]) == (UNKNOWN, UNKNOWN)


def test_a_glob_that_is_none_is_an_error(command: Plugin) -> None:
    with pytest.raises(grpc.RpcError, match="unexpected end of input"):
        command.create(create="true", assetPaths=["[a"])


def test_the_function_runs_its_command_at_once(
    command: Plugin, engine_double: tuple[EngineDouble, str], tmp_path: Path
) -> None:
    (tmp_path / "below").mkdir()
    arguments: dict[str, Any] = {
        "command": "cat > made; echo $COLOUR; echo warning >&2",
        "dir": str(tmp_path / "below"),
        "environment": {"COLOUR": "red"},
        "stdin": "given",
        "assetPaths": ["ma*"],
        "archivePaths": ["made"],
        "logging": "stderr",
    }

    answer = command.invoke(**arguments)

    assert (tmp_path / "below" / "made").read_text() == "given"
    assert {name: answer[name] for name in arguments} == arguments
    assert (answer["stdout"], answer["stderr"]) == ("red", "warning")
    assert list(answer["assets"]) == list(answer["archive"]["assets"]) == ["made"]
    assert [entry.message for entry in engine_double[0].logged] == ["warning"]


def test_the_function_fails_with_its_command(command: Plugin) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        command.invoke(command="echo the reason >&2; exit 3")

    assert "exit status 3" in _details(failed.value)
    assert "the reason" in _details(failed.value)


def test_the_plugin_needs_no_configuration(command: Plugin) -> None:
    request = provider_pb2.CheckRequest(urn="urn:pulumi:test::test::pulumi:providers:command::default", name="default")
    request.news.update({"version": "1.2.1"})
    difference = provider_pb2.DiffRequest(urn=request.urn, olds=request.news, news=request.news)

    for call, question in ((command.stub.CheckConfig, request), (command.stub.DiffConfig, difference)):
        try:
            answer = call(question)
        except grpc.RpcError as error:  # What the engine takes for: as it was given, and no change.
            assert error.code() == grpc.StatusCode.UNIMPLEMENTED  # noqa: PT017
        else:
            assert not getattr(answer, "failures", None)
            assert not getattr(answer, "replaces", None)


@pytest.mark.parametrize("inputs", [{"environment": ["A=1"]}, {"create": {}}, {"assetPaths": "*"}], ids=str)
def test_an_input_of_another_type_is_refused_by_name(command: Plugin, inputs: dict[str, Any]) -> None:
    request = provider_pb2.CheckRequest(urn=URN, type=TYPE, name="it")
    request.news.update(inputs)

    assert [failure.property for failure in command.stub.Check(request).failures] == list(inputs)


@beyond_the_published
@pytest.mark.parametrize("kind", ["Command", "CopyToRemote", "CopyFile"])
def test_the_module_remote_is_refused_by_name(command: Plugin, kind: str) -> None:
    methods = ["Check", "Diff", "Create", "Read", "Update", "Delete"]

    for method in methods:
        request: Any = getattr(provider_pb2, f"{method}Request")
        with pytest.raises(grpc.RpcError, match=f"without command:remote:{kind}"):
            getattr(command.stub, method)(request(urn=f"urn:pulumi:test::test::command:remote:{kind}::it"))


POLITE = "sleep 600 & wait"
STUBBORN = "trap '' TERM; (trap '' TERM; echo $$ > child; sleep 600 & wait) & sleep 600"


@beyond_the_published
@pytest.mark.parametrize(
    ("how", "script"),
    [("cancel", POLITE), ("interrupt", POLITE), ("lost engine", POLITE), ("cancel", STUBBORN)],
    ids=["cancel", "interrupt", "lost engine", "cancel, stubborn"],
)
def test_a_cancelled_command_ends_with_its_children(command: Plugin, tmp_path: Path, how: str, script: str) -> None:
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


@beyond_the_published
def test_what_outlives_its_command_ends_with_it(command: Plugin, tmp_path: Path) -> None:
    running = _Background(lambda: command.create(create="sleep 600 & echo $! > child"))
    child = _child(tmp_path)
    _until(lambda: not any(_alive(process) for process in _below(command)))

    command.cancel()

    assert "was cancelled" in _details(running.failure())
    assert not _alive(child)


@beyond_the_published
def test_a_command_that_is_cancelled_before_it_starts_never_runs(command: Plugin, tmp_path: Path) -> None:
    command.cancel()

    with pytest.raises(grpc.RpcError, match="was cancelled"):
        command.create(create="touch created")

    assert list(tmp_path.iterdir()) == []


@beyond_the_published
def test_a_command_ends_with_its_children_when_its_time_is_up(command: Plugin) -> None:
    running = _Background(lambda: command.create(create="sleep 600 & wait", timeout=1))
    _until(lambda: len(_below(command)) >= 2)
    started = _below(command)

    assert "took longer than customTimeouts allows" in _details(running.failure())
    assert not any(_alive(process) for process in started)


@beyond_the_published
def test_a_child_that_leaves_its_group_does_not_hold_up_the_cancelled_command(command: Plugin, tmp_path: Path) -> None:
    leaving = "import os, time; os.setsid(); print(os.getpid(), file=open('child', 'w')); time.sleep(600)"
    running = _Background(lambda: command.create(create=f'python3 -c "{leaving}" & wait'))
    child = _child(tmp_path)

    command.cancel()

    try:
        assert "was cancelled" in _details(running.failure())
    finally:
        child.kill()


@beyond_the_published
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


def _child(folder: Path) -> psutil.Process:
    """The process that a command has named in the file `child`."""
    file = folder / "child"
    _until(lambda: file.exists() and file.read_text().endswith("\n"))
    return psutil.Process(int(file.read_text()))


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
