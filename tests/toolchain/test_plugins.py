from pathlib import Path
from typing import Any

import pytest

from toolchain import golang, official, pins, plugins
from toolchain.errors import ToolchainError

ENGINE = Path("/engine")


class Machine:
    """Stands in for the engine, which installs, and for Go, which builds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.did: list[str] = []
        self.base: str | None = None
        self.recipe = "one"
        self.download_fails = False
        monkeypatch.setattr(plugins, "run", self.install)
        monkeypatch.setattr(golang, "build", self.build)
        monkeypatch.setattr(golang, "recipe", lambda *_: self.recipe)
        monkeypatch.setattr(official, "reachable", lambda: self.base)

    def install(self, command: list[Any], **_: Any) -> str:
        assert command[:4] == [ENGINE / "pulumi", "plugin", "install", "resource"]
        source = "file" if "--file" in command else "download"
        if source == "download" and self.download_fails:
            raise ToolchainError("refused")
        self.did.append(source)
        folder = plugins.folder(command[4])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"pulumi-resource-{command[4]}").write_text(source)
        return ""

    def build(self, module: str, output: Path, **_: Any) -> None:
        self.did.append(f"build {module}")
        output.write_text("built")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    return Machine(monkeypatch)


def test_the_plugin_is_where_the_engine_looks_for_it(machine: Machine, tmp_path: Path) -> None:
    plugins.ensure("github", ENGINE)

    assert plugins.folder("github") == tmp_path / "home" / "plugins" / f"resource-github-v{pins.PLUGINS['github']}"
    assert plugins.present("github")
    assert machine.did == ["build github", "file"]


def test_the_published_plugin_goes_before_a_build(machine: Machine) -> None:
    machine.base = "https://downloads.test"

    plugins.ensure("github", ENGINE)

    assert machine.did == ["download"]
    assert plugins.present("github")


def test_a_download_that_fails_is_followed_by_a_build(machine: Machine) -> None:
    machine.base, machine.download_fails = "https://downloads.test", True

    plugins.ensure("github", ENGINE)

    assert machine.did == ["build github", "file"]


def test_a_second_call_does_nothing(machine: Machine) -> None:
    plugins.ensure("command", ENGINE)
    machine.did.clear()

    plugins.ensure("command", ENGINE)

    assert machine.did == []


def test_a_published_plugin_that_is_there_already_is_kept(machine: Machine) -> None:
    machine.install([ENGINE / "pulumi", "plugin", "install", "resource", "command"])
    machine.did.clear()

    plugins.ensure("command", ENGINE)

    assert machine.did == []


def test_one_built_from_other_sources_is_built_again(machine: Machine) -> None:
    plugins.ensure("command", ENGINE)
    machine.did.clear()
    machine.recipe = "two"

    assert not plugins.present("command")
    plugins.ensure("command", ENGINE)

    assert machine.did == ["build command", "file"]
    assert plugins.present("command")


def test_a_half_installed_plugin_is_not_there(machine: Machine) -> None:
    plugins.ensure("command", ENGINE)
    plugins.folder("command").with_name(f"{plugins.folder('command').name}.partial").touch()

    assert machine.did
    assert not plugins.present("command")
