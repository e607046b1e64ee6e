from pathlib import Path
from typing import Any

import pytest

from toolchain import golang, pins, pypi
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    if version:
        _go(tmp_path / "bin", version)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(pypi, "obtain", lambda requirement: tmp_path / requirement)

    assert golang.program() == str(tmp_path / pins.GO_PACKAGE / "go" / "bin" / "go")


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
