"""The local project's database, kept at what the work tree's migrations and seeds make."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from localcloud.database.installation import DatabaseError
from localcloud.database.servers import Databases
from localcloud.dev.backend import Backend
from localcloud.dev.migrations import MigrationFiles, read_ledger
from localcloud.dev.sql_file import SqlFile, SqlFileError
from localcloud.dev.terminal import Terminal

# A migration that waits for a lock of some forgotten session is told about, in place of waiting for ever.
_SESSION_OPTIONS = "-c lock_timeout=10s"


class DevDatabase:
    """Applies what is new, and rebuilds the database where what was applied has changed.

    Attributes:
        sessions: process ids of the server's sessions that are ours; what they are told is shown already.
    """

    def __init__(
        self, ref: str, databases: Databases, password: str, backend: Callable[[], Backend], terminal: Terminal
    ) -> None:
        """Take the project's ref, its server, the password of its role postgres, and whom to tell."""
        self.sessions: set[int] = set()
        self._ref = ref
        self._databases = databases
        self._password = password
        self._backend = backend
        self._terminal = terminal
        self._left_out: set[str] = set()

    async def follow(self) -> None:
        """Bring the database to where the files are; an error is told, and what was before it stays."""
        backend = self._backend()
        files = MigrationFiles.read(backend.migrations)
        self._warn_once(files)
        try:
            port = await self._databases.port(self._ref)
            async with self._session(port) as connection:
                ledger = await read_ledger(connection)
                obstacle = files.obstacle(ledger)
                if obstacle is None:
                    await self._apply(connection, backend, files, tell=True)
            if obstacle:
                await self.reset(f"{obstacle}: rebuilding the database from scratch")
        except SqlFileError as error:
            self._tell_refusal(error, "Nothing of this file was applied; it is tried again when it is saved.")
        except (psycopg.Error, DatabaseError, OSError) as error:
            self._terminal.complain(f"the database can not follow: {error}", source="database")

    async def reset(self, reason: str) -> None:
        """Rebuild the database: all migrations and the seed on what a new project has."""
        self._terminal.tell("rebuild", reason, style="yellow")
        begin = time.monotonic()
        past = _WorkTree(self, self._backend())
        try:
            with self._terminal.progress("rebuilding the database …"):
                await self._databases.renew(self._ref, past)
        except SqlFileError as error:
            self._tell_refusal(error, "The database was not rebuilt and stays as it was; save to try again.")
        except (psycopg.Error, DatabaseError, OSError) as error:
            self._terminal.complain(f"the database could not be rebuilt and stays as it was: {error}")
        else:
            seconds = time.monotonic() - begin
            self._terminal.tell(
                "rebuilt", f"database rebuilt in {seconds:.1f} s: {past.summary}", style="green", seconds=seconds
            )

    async def fill(self, port: int, backend: Backend) -> str:
        """Apply all migrations and the seed to a new database, and say what that was.

        Raises:
            SqlFileError: the database refused a statement.
        """
        files = MigrationFiles.read(backend.migrations)
        async with self._session(port) as connection:
            await read_ledger(connection)
            await self._apply(connection, backend, files, tell=False)
        seeds = ", ".join(path.name for path in backend.seeds()) or "no seed"
        return f"{len(files.migrations)} migrations, {seeds}"

    async def _apply(
        self, connection: AsyncConnection[TupleRow], backend: Backend, files: MigrationFiles, *, tell: bool
    ) -> None:
        for migration in files.pending(await read_ledger(connection)):
            begin = time.monotonic()
            name = migration.file.path.name
            with self._terminal.progress(f"applying {name} …"):
                await migration.apply(connection)
            if tell:
                seconds = time.monotonic() - begin
                self._terminal.tell(
                    "migration", f"{name} applied ({seconds:.2f} s)", style="green", file=name, seconds=seconds
                )
        await self._seed(connection, backend, tell=tell)

    async def _seed(self, connection: AsyncConnection[TupleRow], backend: Backend, *, tell: bool) -> None:
        cursor = await connection.execute("select path, hash from supabase_migrations.seed_files")
        seeded: dict[str, str] = {path: digest for path, digest in await cursor.fetchall()}  # noqa: C416 - rows are no pairs to mypy
        for path in backend.seeds():
            file = SqlFile.read(path)
            name = path.relative_to(backend.folder).as_posix()
            digest = sha256(file.sql.encode()).hexdigest()
            if name not in seeded:
                note = "insert into supabase_migrations.seed_files (path, hash) values (%s, %s)"
                await file.run(connection, (note, [name, digest]))
                if tell:
                    self._terminal.tell("seed", f"{path.name} run", style="green", file=path.name)
            elif tell and seeded[name] != digest:
                self._terminal.warn(f"{path.name} has changed since it was run: reset the database (r) to run it again")
                await connection.execute(
                    "update supabase_migrations.seed_files set hash = %s where path = %s", [digest, name]
                )

    @asynccontextmanager
    async def _session(self, port: int) -> AsyncIterator[AsyncConnection[TupleRow]]:
        connection = await AsyncConnection.connect(
            host="127.0.0.1", port=port, user="postgres", password=self._password, dbname="postgres",
            autocommit=True, connect_timeout=10, options=_SESSION_OPTIONS,
        )  # fmt: skip
        connection.add_notice_handler(self._tell_notice)
        self.sessions.add(connection.info.backend_pid)
        async with connection:
            yield connection

    def _tell_notice(self, notice: psycopg.errors.Diagnostic) -> None:
        # What exists already is said at each start by `create … if not exists`, ours included.
        if notice.sqlstate not in {"42P06", "42P07"}:
            self._terminal.tell("notice", f"{notice.severity}: {notice.message_primary}", style="dim")

    def _tell_refusal(self, error: SqlFileError, consequence: str) -> None:
        self._terminal.complain(f"{error}\n{consequence}", source="database", line=error.line, sqlstate=error.sqlstate)

    def _warn_once(self, files: MigrationFiles) -> None:
        for sentence in files.left_out:
            if sentence not in self._left_out:
                self._terminal.warn(sentence)
        self._left_out = set(files.left_out)


class _WorkTree:
    """The past of a database that is rebuilt: all that the work tree says."""

    def __init__(self, database: DevDatabase, backend: Backend) -> None:
        self.summary = ""
        self._database = database
        self._backend = backend

    async def replay(self, port: int, password: str, connection: AsyncConnection[TupleRow]) -> None:
        """Apply everything."""
        del password, connection  # the database knows the one and needs no owner
        self.summary = await self._database.fill(port, self._backend)
