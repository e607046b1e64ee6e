"""The Pulumi engine with its Python language host."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from toolchain import cache, golang, official, pins, report, versions
from toolchain.errors import ToolchainError

PATH = "PATH"
_CONSEQUENCE = "Without the engine nothing can be previewed or released."


def folder() -> Path | None:
    """The folder of programs to put on PATH, or None while the engine is missing."""
    return on_path() or next((found for found in _cached() if found.exists()), None)


def source() -> str:
    """Where the engine came from, or would come from at the next build."""
    if on_path() is not None:
        return PATH
    return official.SOURCE if (cache.root() / _official_name()).exists() else golang.SOURCE


def ensure() -> Path:
    """The engine's folder, after obtaining it from the first source that has it.

    In this order: the pinned version on PATH; Pulumi's download, checksum verified; a build from Go modules.
    """
    found = folder()
    if found is not None:
        return found
    base = official.reachable()
    if base is not None:
        try:
            return cache.obtain(_official_name(), _reporting("downloading", "10 s", _downloader(base)))
        except OSError as error:
            report.say(f"engine: the download failed ({error}); building it instead")
    return cache.obtain(_built_name(), _reporting("building from Go modules", "4 min on 2 cores", _build))


def on_path() -> Path | None:
    """The folder of an engine on PATH that has the pinned version and a Python language host beside it or on PATH."""
    program, host = shutil.which("pulumi"), shutil.which("pulumi-language-python")
    if program is None or host is None:
        return None
    if versions.reported([program, "version"]) != tuple(int(number) for number in pins.PULUMI.split(".")):
        return None
    return Path(program).parent


def _reporting(what: str, usually: str, fill: Callable[[Path], None]) -> Callable[[Path], None]:
    def reporting(folder: Path) -> None:
        with report.doing("engine", f"{what} v{pins.PULUMI}", usually):
            fill(folder)

    return reporting


def _downloader(base: str) -> Callable[[Path], None]:
    return lambda folder: official.download_engine(base, folder)


def _build(folder: Path) -> None:
    sdk = "github.com/pulumi/pulumi/sdk/v3"
    version = f"{sdk}/go/common/version.Version=v"
    golang.build(
        "engine",
        folder / "pulumi",
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        variables=[version + pins.PULUMI],
        consequence=_CONSEQUENCE,
    )
    golang.build(
        "language-python",
        folder / "pulumi-language-python",
        package=f"{sdk}/python/cmd/pulumi-language-python",
        variables=[version + pins.LANGUAGE_HOST],
        consequence=_CONSEQUENCE,
    )
    # The language host starts the program through a script that it looks for beside itself.
    scripts = golang.module_folder("engine", sdk, consequence=_CONSEQUENCE) / "python"
    for script in (scripts / "cmd" / "pulumi-language-python-exec", scripts / "dist" / "pulumi-resource-pulumi-python"):
        shutil.copyfile(script, folder / script.name)
        (folder / script.name).chmod(0o755)
    reported = versions.reported([os.fspath(folder / "pulumi"), "version"])
    if reported != tuple(int(number) for number in pins.PULUMI.split(".")):
        raise ToolchainError(
            f"The engine that was built reports version {reported}, not {pins.PULUMI}. {_CONSEQUENCE} "
            "Compare toolchain/go/engine/go.mod with toolchain/pins.py."
        )


def _official_name() -> str:
    return f"pulumi-{pins.PULUMI}-official"


def _built_name() -> str:
    return f"pulumi-{pins.PULUMI}-{golang.recipe('engine', 'language-python')}"


def _cached() -> list[Path]:
    return [cache.root() / _official_name(), cache.root() / _built_name()]
