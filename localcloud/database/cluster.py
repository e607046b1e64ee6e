"""Data folders: the template with the platform's roles and schemas, and its copies for the projects."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from localcloud.database.installation import DatabaseError, Installation
from localcloud.database.server import OWNER, PostgresServer

_PLATFORM_ROLES = ("authenticator", "supabase_auth_admin", "supabase_storage_admin", "supabase_read_only_user")
_SETTINGS = {
    "shared_buffers": "16MB",
    "max_connections": "60",
    "max_worker_processes": "4",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "logical",  # as on the platform, so that publications take tables without a warning
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


class ClusterStore:
    """Makes and removes the data folders below one directory, one per project ref.

    The template is made at the first need; a copy of it is ready in a fraction of the time of an initdb.
    """

    def __init__(self, directory: Path, installation: Installation, password: str) -> None:
        """Take the folder, the programs, and the password of the platform's own roles."""
        self._directory = directory
        self._installation = installation
        self._password = password
        self._template_made = asyncio.Lock()

    def path(self, ref: str) -> Path:
        """Give the data folder of a project, whether it exists or not."""
        return self._directory / ref

    async def create(self, ref: str, password: str) -> None:
        """Make a project's data folder, with `password` for its role postgres; one that exists is left as it is.

        Raises:
            DatabaseError: the template could not be made or copied.
        """
        if self.path(ref).exists():
            return
        template = await self.template()

        async def fill(partial: Path) -> None:
            process = await asyncio.create_subprocess_exec("cp", "-a", f"{template}/.", str(partial))
            if await process.wait():
                raise DatabaseError(f"the template {template} could not be copied; is the disk full?")
            async with self._session(partial) as connection:
                await connection.execute(set_password("postgres", password))

        await self._complete(self.path(ref), fill)

    async def template(self) -> Path:
        """Give the template, made where it is missing."""
        async with self._template_made:
            template = self._directory / "template"
            if not template.exists():
                await self._complete(template, self._bootstrap)
        return template

    def remove(self, ref: str) -> None:
        """Delete a project's data; its server must be stopped."""
        shutil.rmtree(self.path(ref), ignore_errors=True)

    async def _complete(self, path: Path, fill: Callable[[Path], Awaitable[None]]) -> None:
        """Fill a folder beside its place and move it there, so that a kill never leaves half of one."""
        partial = path.with_name(f"{path.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        self._installation.own(partial)
        await fill(partial)
        await self._installation.initdb("--sync-only", "-D", str(partial))
        partial.rename(path)

    async def _bootstrap(self, partial: Path) -> None:
        options = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
        await self._installation.initdb(
            "-D", str(partial), "-U", OWNER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", *options, password=self._password,
        )  # fmt: skip
        async with self._session(partial) as connection:
            await connection.execute(Path(__file__).with_name("platform.sql").read_bytes())
            for role in _PLATFORM_ROLES:
                await connection.execute(set_password(role, self._password))

    @asynccontextmanager
    async def _session(self, data: Path) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """Run a server over a folder for one session of the owner."""
        server = PostgresServer(data, self._installation)
        try:
            async with await server.connect(OWNER, self._password) as connection:
                yield connection
        finally:
            await server.stop()


def set_password(role: str, password: str) -> sql.Composed:
    """Give the statement; PostgreSQL keeps a SCRAM verifier of the password."""
    return sql.SQL("alter role {} password {}").format(sql.Identifier(role), password)
