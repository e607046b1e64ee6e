import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from toolchain import pins, virtualenv
from toolchain.errors import ToolchainError


class Project:
    """A project whose virtual environment is made by recorded commands."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.ran: list[str] = []
        self.uv_fails = False
        for name in ("requirements.txt", "requirements-dev.txt"):
            (folder / name).write_text("one==1\n")
        monkeypatch.setattr(virtualenv, "PROJECT", folder)
        monkeypatch.setattr(virtualenv, "FOLDER", folder / ".venv")
        monkeypatch.setattr(virtualenv, "run", self.run)

    def run(self, command: Sequence[str | Path], **_: Any) -> str:
        words = [str(word) for word in command]
        if words[1:3] == ["-m", "venv"]:
            self.ran.append("venv")
            program = self.folder / ".venv" / "bin" / "python"
            program.parent.mkdir(parents=True)
            program.write_text("#!/bin/sh\necho pip 23.2\n")
            program.chmod(0o755)
        elif f"uv=={pins.UV}" in words:
            self.ran.append("install uv")
        elif words[0].endswith("uv"):
            assert "--compile-bytecode" in words
            if self.uv_fails:
                raise ToolchainError("uv: no")
            self.ran.append("uv sync")
        else:
            self.ran.append("pip install")
        return ""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Project(tmp_path, monkeypatch)


def test_it_is_made_once(project: Project) -> None:
    for _ in range(2):
        virtualenv.ensure()

    assert project.ran == ["venv", "install uv", "uv sync"]
    assert virtualenv.present()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_changed_requirements_are_installed_into_the_same_one(project: Project, name: str) -> None:
    virtualenv.ensure()
    project.ran.clear()
    (project.folder / name).write_text("one==2\n")

    assert not virtualenv.present()
    virtualenv.ensure()

    assert project.ran == ["install uv", "uv sync"]


def test_where_uv_fails_pip_installs_the_same(project: Project) -> None:
    project.uv_fails = True

    virtualenv.ensure()

    assert project.ran == ["venv", "install uv", "pip install"]
    assert virtualenv.present()


def test_an_environment_whose_python_is_gone_is_made_again(project: Project) -> None:
    virtualenv.ensure()
    project.ran.clear()
    python = project.folder / ".venv" / "bin" / "python"
    python.unlink()
    python.parent.rmdir()

    assert not virtualenv.present()
    virtualenv.ensure()

    assert project.ran[0] == "venv"


def test_the_requirements_pin_what_the_plugins_and_this_program_are_pinned_to() -> None:
    root = Path(__file__).parents[2]
    pinned = (root / "requirements.txt").read_text().split()

    assert {f"pulumi-{name}=={version}" for name, version in pins.PLUGINS.items()} <= set(pinned)
    assert f"uv=={pins.UV}" in (root / "requirements-dev.txt").read_text().split()


def test_this_environment_has_bytecode_for_what_it_runs() -> None:
    package = Path(str(sys.modules["pytest"].__file__)).parent

    assert {path.stem for path in package.glob("*.py")} == {
        path.name.partition(".")[0] for path in (package / "__pycache__").glob("*.pyc")
    }
