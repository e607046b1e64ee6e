"""The order of the engine's sources: PATH, Pulumi's download, Go modules."""

from pathlib import Path

import pytest

from toolchain import cache, engine, golang, official, pins
from toolchain.errors import ToolchainError


@pytest.fixture
def used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the sources that were used; no network, an empty PATH and an empty cache."""
    sources: list[str] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def download(base: str, folder: Path) -> None:
        sources.append(base)
        _program(folder / "pulumi", pins.PULUMI)

    def build(module: str, output: Path, **_: object) -> None:
        sources.append(module)
        _program(output, pins.PULUMI)

    scripts = tmp_path / "sdk" / "python"
    for script in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        (scripts / script).parent.mkdir(parents=True)
        (scripts / script).write_text("script")
    monkeypatch.setattr(official, "reachable", lambda: None)
    monkeypatch.setattr(official, "download_engine", download)
    monkeypatch.setattr(golang, "build", build)
    monkeypatch.setattr(golang, "module_folder", lambda *_, **__: scripts.parent)
    return sources


def _program(path: Path, version: str) -> None:
    path.write_text(f"#!/bin/sh\necho v{version}\n")
    path.chmod(0o755)


def _on_path(tmp_path: Path, version: str, *, host: bool = True) -> None:
    _program(tmp_path / "bin" / "pulumi", version)
    if host:
        _program(tmp_path / "bin" / "pulumi-language-python", version)


def test_the_pinned_engine_on_path_is_taken_as_it_is(tmp_path: Path, used: list[str]) -> None:
    _on_path(tmp_path, pins.PULUMI)

    assert engine.ensure() == engine.folder() == tmp_path / "bin"
    assert used == []


@pytest.mark.parametrize(("version", "host"), [("3.200.0", True), (pins.PULUMI, False)])
def test_another_version_or_one_without_a_language_host_is_not(
    tmp_path: Path, used: list[str], version: str, *, host: bool
) -> None:
    _on_path(tmp_path, version, host=host)

    assert engine.folder() is None
    assert engine.ensure().parent == cache.root()
    assert used == ["engine", "language-python"]


def test_the_download_goes_before_the_build(used: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official, "reachable", lambda: "https://downloads.test")

    assert engine.ensure() == engine.folder()
    assert used == ["https://downloads.test"]


def test_a_download_that_breaks_off_is_followed_by_a_build(used: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(base: str, folder: Path) -> None:
        raise OSError(f"{base} → {folder} broke off")

    monkeypatch.setattr(official, "reachable", lambda: "https://downloads.test")
    monkeypatch.setattr(official, "download_engine", broken)

    engine.ensure()

    assert used == ["engine", "language-python"]


def test_a_download_with_a_wrong_checksum_is_refused_and_not_replaced(
    used: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(base: str, folder: Path) -> None:
        raise ToolchainError(f"{base} → {folder} has another SHA-256")

    monkeypatch.setattr(official, "reachable", lambda: "https://downloads.test")
    monkeypatch.setattr(official, "download_engine", wrong)

    with pytest.raises(ToolchainError, match="SHA-256"):
        engine.ensure()

    assert used == []
    assert engine.folder() is None


def test_a_built_engine_has_its_language_host_and_that_ones_scripts_beside_it(used: list[str]) -> None:
    built = {path.name: path.stat().st_mode & 0o777 for path in engine.ensure().iterdir()}

    assert used == ["engine", "language-python"]
    assert built == dict.fromkeys(
        ["pulumi", "pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python"], 0o755
    )


def test_a_second_call_obtains_nothing(used: list[str]) -> None:
    first = engine.ensure()
    used.clear()

    assert engine.ensure() == first
    assert used == []


@pytest.mark.usefixtures("used")
def test_a_built_engine_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golang, "build", lambda _, output, **__: _program(output, "3.1.0"))

    with pytest.raises(ToolchainError, match=r"reports version \(3, 1, 0\)"):
        engine.ensure()

    assert engine.folder() is None
