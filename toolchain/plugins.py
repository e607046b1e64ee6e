"""The resource plugins `github` and `command`, in Pulumi's own plugin cache."""

import os
from pathlib import Path

from toolchain import cache, golang, official, pins, report
from toolchain.errors import ToolchainError
from toolchain.process import run

_USUAL_BUILD = {"github": "1 min after the engine", "command": "15 s after the engine"}


def folder(name: str) -> Path:
    """Where the engine looks for the plugin: below $PULUMI_HOME, by default ~/.pulumi."""
    home = os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi"
    return Path(home) / "plugins" / f"resource-{name}-v{pins.PLUGINS[name]}"


def present(name: str) -> bool:
    """Whether the engine finds the plugin: the published one, or one built from the sources as they are now."""
    installed = folder(name)
    half_done = installed.with_name(f"{installed.name}.partial").exists()
    if half_done or not (installed / f"pulumi-resource-{name}").exists():
        return False
    stamp = _stamp(name)
    return not stamp.exists() or stamp.read_text() == golang.recipe(name)


def source(name: str) -> str:
    """Where the plugin came from."""
    return golang.SOURCE if _stamp(name).exists() else official.SOURCE


def ensure(name: str, engine: Path) -> None:
    """Install the plugin with the engine in that folder, from Pulumi if it can be reached, else built from source."""
    if present(name):
        return
    with cache.lock(f"plugin-{name}"):
        if present(name):
            return
        # Until all is done it names no sources, so that what a killed process leaves does not count as there.
        _stamp(name).parent.mkdir(parents=True, exist_ok=True)
        _stamp(name).write_text("being installed")
        if official.reachable() is not None:
            try:
                with report.doing(f"plugin {name}", f"downloading v{pins.PLUGINS[name]}", "10 s"):
                    _install(name, engine, [])
            except ToolchainError as error:
                report.say(f"plugin {name}: building it instead. {error}")
            else:
                _stamp(name).unlink()
                return
        built = cache.obtain(f"plugin-{name}-{pins.PLUGINS[name]}-{golang.recipe(name)}", lambda to: _build(name, to))
        _install(name, engine, ["--file", str(built / f"pulumi-resource-{name}")])
        _stamp(name).write_text(golang.recipe(name))


def _build(name: str, to: Path) -> None:
    with report.doing(f"plugin {name}", f"building v{pins.PLUGINS[name]} from Go modules", _USUAL_BUILD[name]):
        golang.build(
            name,
            to / f"pulumi-resource-{name}",
            variables=[f"main.version={pins.PLUGINS[name]}"],
            consequence=f"Without the plugin `{name}` no stack can be previewed or released.",
        )


def _install(name: str, engine: Path, source: list[str]) -> None:
    run(
        [engine / "pulumi", "plugin", "install", "resource", name, pins.PLUGINS[name], "--reinstall", *source],
        environment={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"},
        timeout=300,
        consequence=f"Without the plugin `{name}` no stack can be previewed or released.",
        remedy=f"See whether {folder(name).parent} can be written, then run `python3 -m toolchain ensure` again.",
    )


def _stamp(name: str) -> Path:
    """Names the sources of a plugin that was built here; a plugin without it is the published one."""
    return folder(name).with_name(f"{folder(name).name}.built")
