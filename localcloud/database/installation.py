"""The PostgreSQL installation, and how its programs run as somebody who is not root."""

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = 65534  # `nobody`, which every Linux has and which owns nothing


class DatabaseError(Exception):
    """A database server could not be made or started; the message says why and what helps."""


@dataclass(frozen=True)
class Installation:
    """A folder with `bin/initdb` and `bin/postgres` of PostgreSQL 17.

    PostgreSQL refuses to run as root. Where we are root its programs run as `nobody`, who may pass folders that
    only root may enter (CAP_DAC_OVERRIDE): root's home with the cache is one, a clone made with `mktemp -d` another.
    The secure bit lets that count for access(2) too, by which initdb looks for postgres.
    """

    root: Path

    def command(self, program: str, *arguments: str) -> list[str]:
        """Give the argument vector that runs a program as a user PostgreSQL accepts.

        On Linux a server also gets SIGINT, its "fast shutdown", when the process that started it dies.
        """
        prefix: list[str] = []
        if shutil.which("setpriv"):
            prefix = ["setpriv", "--pdeathsig", "INT"]
            if os.geteuid() == 0:
                prefix += ["--reuid", str(SYSTEM_USER), "--regid", str(SYSTEM_USER), "--clear-groups"]
                prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
                prefix += ["--securebits=+no_setuid_fixup"]
        elif os.geteuid() == 0:
            message = "PostgreSQL refuses to run as root and `setpriv` (util-linux) is missing: install it."
            raise DatabaseError(message)
        return [*prefix, str(self.root / "bin" / program), *arguments]

    def own(self, directory: Path, *, exists: bool = False) -> None:
        """Make the folder for data, owned by the user that PostgreSQL runs as; with `exists` it may be there."""
        directory.mkdir(parents=True, mode=0o700, exist_ok=exists)
        if os.geteuid() == 0:
            os.chown(directory, SYSTEM_USER, SYSTEM_USER)

    async def initdb(self, *arguments: str, password: str | None = None) -> None:
        """Run initdb; a password goes in through a pipe, never through the command line.

        Raises:
            DatabaseError: with what initdb printed.
        """
        options = ["--pwfile=/dev/stdin"] if password else []
        process = await asyncio.create_subprocess_exec(
            *self.command("initdb", *options, *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, printed = await process.communicate(f"{password or ''}\n".encode())
        if process.returncode:
            raise DatabaseError(f"initdb failed: {printed.decode(errors='replace').strip()}")
