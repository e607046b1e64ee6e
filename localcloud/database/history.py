"""What an adopted project's database went through before anybody here looked at it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from localcloud.database.installation import DatabaseError


class Past(Protocol):
    """What is done to a new database before anybody uses it."""

    async def replay(self, port: int, password: str, connection: AsyncConnection[TupleRow]) -> None:
        """Bring a new database to where it begins.

        Args:
            port: of the server on 127.0.0.1.
            password: of role postgres, who owns what migrations create.
            connection: a session of the cluster's owner, for what postgres may not do.
        """


@dataclass(frozen=True)
class History:
    """The migrations of a backend but its newest, applied by the real CLI, and the rows and users of its seed file.

    Attributes:
        backend: the folder that holds `supabase/`.
        tools: gives the folders to put on PATH, the CLI's among them.
    """

    backend: Path
    tools: Callable[[], list[str]]

    async def replay(self, port: int, password: str, connection: AsyncConnection[TupleRow]) -> None:
        """Bring a new database to where an adopted one stands; the rows are the owner's work.

        Raises:
            DatabaseError: the CLI did not apply a migration; the message holds what it said.
        """
        supabase = self.backend / "supabase"
        applied = sorted((supabase / "migrations").glob("*.sql"))[:-1]
        if not applied:
            return
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name) / "supabase"
            (copy / "migrations").mkdir(parents=True)
            shutil.copy(supabase / "config.toml", copy)
            for migration in applied:
                shutil.copy(migration, copy / "migrations")
            await self._push(Path(name), port, password)
        seed = supabase / "seed.sql"
        if seed.exists():
            await connection.execute(seed.read_bytes())

    async def _push(self, folder: Path, port: int, password: str) -> None:
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        path = os.pathsep.join([*await asyncio.to_thread(self.tools), os.environ.get("PATH", "")])
        process = await asyncio.create_subprocess_exec(
            "/usr/bin/env", "supabase", "db", "push", f"--remote={url}", "--yes", "--workdir", str(folder),
            env={"PATH": path, "HOME": str(folder), "PGPASSWORD": password, "PGSSLMODE": "disable",
                 "SUPABASE_TELEMETRY_DISABLED": "1"},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        printed, _ = await process.communicate()
        if process.returncode:
            raise DatabaseError(f"the past of an adopted project could not be replayed: {printed.decode()[-800:]}")
