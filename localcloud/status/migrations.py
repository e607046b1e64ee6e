"""Which migrations a project's database has had, beside those that the work tree holds."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from localcloud.database.installation import DatabaseError

_PAUSE = 2.0  # seconds between two looks at one database
_LIMIT = 2.0  # seconds that a look may take
_FILE = re.compile(r"(\d+)_(.+)\.sql")
_LEDGER = "select version::text, coalesce(name, '') from supabase_migrations.schema_migrations order by version"


@dataclass(frozen=True)
class Ledger:
    """What a look at a database found.

    Attributes:
        database: whether it answered.
        applied: names by version, in the ledger's order; None where nobody knows.
    """

    database: str
    applied: dict[str, str] | None = None


_ASLEEP, _SILENT = Ledger("asleep"), Ledger("silent")


class Ledgers:
    """Reads the ledgers of databases that run anyway; nothing is started for a look.

    Args:
        connect: opens an autocommit session, or gives None where the database does not run.
    """

    def __init__(self, connect: Callable[[str], Awaitable[psycopg.AsyncConnection[TupleRow] | None]]) -> None:
        self._connect = connect
        self._seen: dict[str, tuple[float, Ledger]] = {}

    async def read(self, ref: str) -> Ledger:
        """Give a project's ledger, some seconds old at most."""
        moment, ledger = self._seen.get(ref, (-_PAUSE, _ASLEEP))
        if time.monotonic() - moment >= _PAUSE:
            try:
                async with asyncio.timeout(_LIMIT):
                    ledger = await self._look(ref)
            except (psycopg.Error, DatabaseError, OSError, TimeoutError):
                ledger = _SILENT
            self._seen[ref] = (time.monotonic(), ledger)
        return ledger

    async def _look(self, ref: str) -> Ledger:
        connection = await self._connect(ref)
        if connection is None:
            return _ASLEEP
        async with connection:
            try:
                rows = await (await connection.execute(_LEDGER)).fetchall()
            except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                rows = []
        return Ledger("running", dict(rows))


def files(backend: Path) -> dict[str, str]:
    """Give the names of a backend's migrations by version; nothing but file names is read."""
    matches = (_FILE.fullmatch(path.name) for path in (backend / "supabase" / "migrations").glob("*.sql"))
    return dict(sorted((match[1], match[2]) for match in matches if match))


def compare(ledger: Ledger, held: dict[str, str] | None) -> list[dict[str, Any]]:
    """List every migration with its state: applied, pending, unknown, or `gone` where it was applied from no file.

    Args:
        ledger: what the database has had.
        held: the work tree's migrations by version; None where no folder is released into the project.
    """
    applied = ledger.applied or {}
    listed = []
    for version in sorted({*applied, *(held or {})}):
        if ledger.applied is None:
            state = "unknown"
        elif version not in applied:
            state = "pending"
        else:
            state = "gone" if held is not None and version not in held else "applied"
        listed.append({"version": version, "name": (held or {}).get(version) or applied[version], "state": state})
    return listed
