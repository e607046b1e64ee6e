"""The projects' databases by ref: made, started at first need, connected to, removed."""

from pathlib import Path

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from localcloud.database.cluster import ClusterStore
from localcloud.database.installation import Installation
from localcloud.database.server import OWNER, PostgresServer


class Databases:
    """Every project's PostgreSQL; a server runs from its first use until `stop`, `remove` or `close`."""

    def __init__(self, directory: Path, installation: Installation, password: str) -> None:
        """Take the folder of the data, the programs, and the password of the platform's own roles."""
        self._installation = installation
        self._clusters = ClusterStore(directory, installation, password)
        self._password = password
        self._servers: dict[str, PostgresServer] = {}

    async def prepare(self) -> None:
        """Make the template ahead of the first project."""
        await self._clusters.template()

    async def create(self, ref: str, password: str) -> None:
        """Make a project's database with `password` for its role postgres; one that exists gets the password."""
        await self._clusters.create(ref)
        await self.set_password(ref, password)

    async def port(self, ref: str) -> int:
        """Give the port of a project's server, started where it does not run.

        Raises:
            DatabaseError: the server did not start.
        """
        server = self._servers.get(ref)
        if server is None:
            server = self._servers[ref] = PostgresServer(self._clusters.path(ref), self._installation)
        return await server.start()

    def pid(self, ref: str) -> int | None:
        """Give the postmaster's process id, or None where the server does not run."""
        server = self._servers.get(ref)
        return server.pid if server else None

    async def connect(self, ref: str, user: str = OWNER) -> AsyncConnection[TupleRow]:
        """Open an autocommit session as one of the platform's own roles, which `postgres` is not."""
        return await psycopg.AsyncConnection.connect(
            host="127.0.0.1",
            port=await self.port(ref),
            user=user,
            password=self._password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        )

    async def set_password(self, ref: str, password: str) -> None:
        """Change the password of a project's role postgres, valid at once."""
        async with await self.connect(ref) as connection:
            await connection.execute(sql.SQL("alter role postgres password {}").format(password))

    async def stop(self, ref: str) -> None:
        """Stop a project's server and keep its data."""
        server = self._servers.pop(ref, None)
        if server:
            await server.stop()

    async def remove(self, ref: str) -> None:
        """Stop a project's server and delete its data."""
        await self.stop(ref)
        self._clusters.remove(ref)

    async def close(self) -> None:
        """Stop every server."""
        for ref in list(self._servers):
            await self.stop(ref)
