"""Data folders: the template with the platform's roles and schemas, and its copies for the projects."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from localcloud.database.history import Past
from localcloud.database.installation import DatabaseError, Installation
from localcloud.database.server import OWNER, PostgresServer
from localcloud.database.snapshot import copy_folder, copy_online
from localcloud.durable import sync_folder

_PLATFORM = Path(__file__).with_name("platform.sql")
_PLATFORM_ROLES = (
    OWNER, "authenticator", "supabase_auth_admin", "supabase_storage_admin", "supabase_read_only_user",
)  # fmt: skip
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


_TEMPLATE_PASSWORD = "template"  # noqa: S105 - of a folder that holds nothing; each copy gets its own passwords


class ClusterStore:
    """Makes and removes the data folders below one directory, one per project ref.

    They are copies of a template, which is ready in a fraction of the time of an initdb. The template is made at
    the first need and kept in a cache for all local clouds of this user.
    """

    def __init__(self, directory: Path, installation: Installation, password: str, cache: Path) -> None:
        """Take the folder, the programs, the password of the platform's own roles, and the cache's folder."""
        self._directory = directory
        self._snapshots = directory / "snapshots"
        self._installation = installation
        self._password = password
        self._cache = cache
        for unfinished in (*directory.glob("*.*/"), *self._snapshots.glob("*/*.*/")):
            shutil.rmtree(unfinished)

    def path(self, ref: str) -> Path:
        """Give the data folder of a project, whether it exists or not."""
        return self._directory / ref

    async def create(self, ref: str, password: str, past: Past | None) -> None:
        """Make a project's data folder, with `password` for its role postgres; one that exists is left as it is.

        An adopted project's begins where its past ends.

        Raises:
            DatabaseError: the template could not be made or copied.
        """
        await self._make(self.path(ref), await self._filling(password, past))

    async def renew(self, ref: str, password: str, past: Past, stop: Callable[[], Awaitable[None]]) -> None:
        """Make a project's data folder anew; the old one is in its place until the new one is complete.

        Args:
            ref: the project.
            password: of its role postgres.
            past: where the new data begins.
            stop: stops the project's server, for the moment in which one takes the other's place.

        Raises:
            DatabaseError: the template could not be made or copied.
            Exception: what `past` raises; the old data is untouched.
        """
        successor = self._directory / f"{ref}.next"
        shutil.rmtree(successor, ignore_errors=True)
        await self._make(successor, await self._filling(password, past))
        await stop()
        self.remove(ref)
        successor.rename(self.path(ref))

    def remove(self, ref: str) -> None:
        """Delete a project's data with its snapshots; its server must be stopped."""
        shutil.rmtree(self.path(ref), ignore_errors=True)
        shutil.rmtree(self._snapshots / ref, ignore_errors=True)

    async def take_snapshot(self, ref: str, name: str, connection: AsyncConnection[TupleRow]) -> None:
        """Copy a project's data while its server works, under a name that no other snapshot of it has.

        Raises:
            DatabaseError: it could not be copied.
        """
        self._installation.own(self._snapshots / ref, exists=True)
        await self._make(self._snapshots / ref / name, lambda partial: copy_online(connection, self.path(ref), partial))

    async def put_back(self, ref: str, name: str) -> None:
        """Replace a project's data by a snapshot, which stays; its server must be stopped.

        A kill in the middle may leave no data at all: whoever called then calls again.

        Raises:
            DatabaseError: it could not be copied.
        """
        path = self.path(ref)
        if path.exists():
            path.rename(path.with_name(f"{ref}.{secrets.token_hex(4)}"))

        async def fill(partial: Path) -> None:
            await asyncio.to_thread(copy_folder, self._snapshots / ref / name, partial)

        await self._make(path, fill)
        for replaced in self._directory.glob(f"{ref}.*/"):
            shutil.rmtree(replaced, ignore_errors=True)

    async def _filling(self, password: str, past: Past | None) -> Callable[[Path], Awaitable[None]]:
        """Give what fills a new folder: the template, the passwords, and what the database went through."""
        template = self._cache / f"postgres-{self._template_digest()}"
        await self._make(template, self._bootstrap)

        async def fill(partial: Path) -> None:
            process = await asyncio.create_subprocess_exec("cp", "-a", f"{template}/.", str(partial))
            if await process.wait():
                raise DatabaseError(f"the template {template} could not be copied; is the disk full?")
            async with self._session(partial) as connection:
                for role in _PLATFORM_ROLES:
                    await connection.execute(set_password(role, self._password))
                await connection.execute(set_password("postgres", password))
                if past:
                    await past.replay(connection.info.port, password, connection)

        return fill

    async def _make(self, path: Path, fill: Callable[[Path], Awaitable[None]]) -> None:
        """Fill a folder beside its place and move it there: a kill leaves no half of one, the first of several wins."""
        if await asyncio.to_thread(path.exists):
            return
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        self._installation.own(partial)
        try:
            await fill(partial)
            await self._installation.initdb("--sync-only", "-D", str(partial))
            partial.rename(path)
            sync_folder(path.parent)
        except OSError as error:
            if not await asyncio.to_thread(path.exists):  # else somebody was faster
                raise DatabaseError(f"{path} could not be made: {error}") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    async def _bootstrap(self, partial: Path) -> None:
        options = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
        await self._installation.initdb(
            "-D", str(partial), "-U", OWNER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", *options,
            password=_TEMPLATE_PASSWORD,
        )  # fmt: skip
        async with self._session(partial) as connection:
            await connection.execute(_PLATFORM.read_bytes())

    @asynccontextmanager
    async def _session(self, data: Path) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """Run a server over a folder that is not in its place yet, for one session of the owner."""
        server = PostgresServer(data, self._installation)
        try:
            async with await server.connect(OWNER, _TEMPLATE_PASSWORD) as connection:
                yield connection
        finally:
            await server.stop()

    def _template_digest(self) -> str:
        """Tell templates apart by all that they are made of."""
        server = (self._installation.root / "bin" / "postgres").stat()
        parts = [_PLATFORM.read_text(encoding="utf-8"), _SETTINGS, server.st_size, server.st_mtime_ns]
        return sha256(repr(parts).encode()).hexdigest()[:12]


def set_password(role: str, password: str) -> sql.Composed:
    """Give the statement; PostgreSQL keeps a SCRAM verifier of the password."""
    return sql.SQL("alter role {} password {}").format(sql.Identifier(role), password)
