"""The projects' databases by ref: made and started at first need, connected to, removed."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from localcloud.database.cluster import ClusterStore, set_password
from localcloud.database.history import Past
from localcloud.database.installation import Installation
from localcloud.database.server import OWNER, PostgresServer


class Databases:
    """Every project's PostgreSQL; a server runs from its first use until `stop`, `remove` or `close`."""

    def __init__(
        self,
        *,
        directory: Path,
        cache: Path,
        installation: Installation,
        password: str,
        project_password: Callable[[str], str],
        history: Callable[[str], Past | None] = lambda _: None,
        hear: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        """Take what the servers are made of.

        Args:
            directory: the folder of the data.
            cache: the folder of the template.
            installation: the programs.
            password: of the platform's own roles.
            project_password: gives, by ref, the password that role postgres begins with.
            hear: takes, with the ref, each line that a server prints.
            history: gives, by ref, what a database went through before its first start; None for a new project's.
        """
        self._installation = installation
        self._clusters = ClusterStore(directory, installation, password, cache)
        self._password = password
        self._project_password = project_password
        self._history = history
        self._hear = hear
        self._servers: dict[str, PostgresServer] = {}
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self, ref: str) -> PostgresServer:
        """Start a project's server where it does not run; a project without data gets what a new one has.

        Raises:
            DatabaseError: the server could not be made or started.
        """
        async with self._one_at_a_time[ref]:
            if ref not in self._servers:
                await self._clusters.create(ref, self._project_password(ref), self._history(ref))
                self._servers[ref] = PostgresServer(
                    self._clusters.path(ref), self._installation, partial(self._hear, ref)
                )
            await self._servers[ref].start()
            return self._servers[ref]

    async def port(self, ref: str) -> int:
        """Give the port of a project's server, started where it does not run."""
        return await (await self.start(ref)).start()

    def pid(self, ref: str) -> int | None:
        """Give the postmaster's process id, or None where the server does not run."""
        server = self._servers.get(ref)
        return server.pid if server else None

    async def connect(self, ref: str, user: str = OWNER) -> AsyncConnection[TupleRow]:
        """Open an autocommit session as one of the platform's own roles, which `postgres` is not."""
        return await (await self.start(ref)).connect(user, self._password)

    async def connect_if_running(self, ref: str) -> AsyncConnection[TupleRow] | None:
        """Open a session of the owner, or give None where the server does not run: this starts none."""
        server = self._servers.get(ref)
        return await server.connect(OWNER, self._password) if server and server.pid else None

    async def set_password(self, ref: str, password: str) -> None:
        """Change the password of a project's role postgres, valid at once."""
        async with await self.connect(ref) as connection:
            await connection.execute(set_password("postgres", password))

    async def set_read_only(self, ref: str, read_only: bool) -> None:  # noqa: FBT001 - the control plane's value
        """Let transactions of a project's database only read by default, as the platform does when a disk is full."""
        async with await self.connect(ref) as connection:
            await connection.execute(
                "alter system set default_transaction_read_only = on"
                if read_only
                else "alter system reset default_transaction_read_only"
            )
            await connection.execute("select pg_reload_conf()")

    async def is_read_only(self, ref: str) -> bool:
        """Say whether `set_read_only`, or a superuser by hand, let transactions only read by default."""
        async with await self.connect(ref) as connection:
            found = await connection.execute(
                "select from pg_file_settings where name = 'default_transaction_read_only' and applied"
                " and setting::bool"
            )
            return await found.fetchone() is not None

    async def take_snapshot(self, ref: str, name: str) -> None:
        """Keep a copy of a project's data as it is now, under a name that is new.

        Raises:
            DatabaseError: it could not be copied.
        """
        async with await self.connect(ref) as connection:
            await self._clusters.take_snapshot(ref, name, connection)

    async def put_back(self, ref: str, name: str) -> None:
        """Stop a project's server and replace its data by a snapshot; done twice it is the same.

        Raises:
            DatabaseError: it could not be copied.
        """
        async with self._one_at_a_time[ref]:
            await self._stop(ref)
            await self._clusters.put_back(ref, name)

    async def renew(self, ref: str, past: Past) -> None:
        """Replace a project's data by what a new project has after `past`; sessions end, the port changes.

        Raises:
            DatabaseError: the data could not be made.
            Exception: what `past` raises; until then the old server runs on, and so it does then.
        """
        async with self._one_at_a_time[ref]:
            await self._clusters.renew(ref, self._project_password(ref), past, stop=lambda: self._stop(ref))
        await self.start(ref)

    async def stop(self, ref: str) -> None:
        """Stop a project's server and keep its data."""
        async with self._one_at_a_time[ref]:
            await self._stop(ref)

    async def remove(self, ref: str) -> None:
        """Stop a project's server and delete its data."""
        await self.stop(ref)
        self._clusters.remove(ref)

    async def close(self) -> None:
        """Stop every server, all at once."""
        await asyncio.gather(*(self.stop(ref) for ref in list(self._servers)))

    async def _stop(self, ref: str) -> None:
        server = self._servers.pop(ref, None)
        if server:
            await server.stop()
