"""The connection to the project's database."""

import os
from dataclasses import dataclass
from urllib.parse import quote

import psycopg
from psycopg.rows import DictRow, dict_row

from release.error import ReleaseError
from release.management_api import ManagementApi

# Supavisor's ports on the platform: transactions on 6543; sessions, which migrations and locks need, on 5432.
_TRANSACTION_PORT = 6543
_SESSION_PORT = 5432

Connection = psycopg.Connection[DictRow]


@dataclass(frozen=True, kw_only=True)
class DatabaseAddress:
    """Where the project's database takes sessions; without the password, so that it may be shown."""

    host: str
    port: int
    user: str
    database: str

    @property
    def url(self) -> str:
        """Give the address as the CLI takes it."""
        return f"postgresql://{quote(self.user, safe='')}@{self.host}:{self.port}/{self.database}"


def find_database(api: ManagementApi) -> DatabaseAddress:
    """Ask the platform for the database's address.

    Raises:
        ReleaseError: the platform does not tell.
    """
    pooler = api.pooler()
    port = int(pooler["db_port"])
    return DatabaseAddress(
        host=str(pooler["db_host"]),
        port=_SESSION_PORT if port == _TRANSACTION_PORT else port,
        user=str(pooler["db_user"]),
        database=str(pooler["db_name"]),
    )


def connect(address: DatabaseAddress, password: str, *, options: str | None = None) -> Connection:
    """Open a session; each statement commits by itself unless a transaction is opened.

    Args:
        address: of the database.
        password: of the address's user.
        options: what PGOPTIONS would hold for a tool that opens the session itself.

    Raises:
        ReleaseError: the server is not there, or refuses the password.
    """
    try:
        return psycopg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            dbname=address.database,
            password=password,
            sslmode=os.environ.get("PGSSLMODE", "require"),
            connect_timeout=15,
            application_name="release",
            options=options,
            autocommit=True,
            row_factory=dict_row,
        )
    except psycopg.OperationalError as error:
        raise ReleaseError(
            f"The database at {address.host}:{address.port} can't be used: {str(error).strip()}. Nothing was changed."
            " Remedy: check that the project is not paused, and SUPABASE_DB_PASSWORD."
        ) from error
