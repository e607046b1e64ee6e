"""SQL through the API: run as the platform runs it, answered as the platform answers."""

import math
from typing import Any

import psycopg
from psycopg import AsyncRawCursor
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader

from localcloud.database.servers import Databases
from localcloud.management.errors import InvalidRequestError

_SAFE_INTEGER = 2**53 - 1
# node-postgres, behind the platform's endpoint, hands these types on as the text that the server sent.
_AS_TEXT = ("numeric", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "inet", "cidr",
            "bytea", "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange", "int4multirange",
            "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange")  # fmt: skip


class _Text(TextLoader):
    """The value as the server wrote it."""


async def run_query(
    databases: Databases, ref: str, query: str, *, parameters: list[Any] | None = None, read_only: bool = False
) -> list[dict[str, Any]]:
    """Run SQL in a project's database, several statements included, as role postgres or as the read-only user.

    Returns:
        The rows of the last statement that has any, JSON values as supabase/postgres-meta makes them.

    Raises:
        InvalidRequestError: the database refused; with its message, place and hint.
    """
    connection = await databases.connect(ref, "supabase_read_only_user" if read_only else "supabase_admin")
    async with connection:
        for name in _AS_TEXT:
            connection.adapters.register_loader(name, _Text)
        if not read_only:
            await connection.execute("set session authorization postgres")
        rows: list[dict[str, Any]] = []
        cursor = AsyncRawCursor(connection, row_factory=dict_row)
        try:
            await cursor.execute(query.encode(), parameters or None)
            more: bool | None = True
            while more:
                if cursor.description and (found := await cursor.fetchall()):
                    rows = found
                more = cursor.nextset()
        except psycopg.Error as error:
            raise InvalidRequestError(f"Failed to run sql query: {_describe(error, query)}") from error
    return [{name: _json(value) for name, value in row.items()} for row in rows]


def _json(value: Any) -> Any:
    if isinstance(value, int) and abs(value) > _SAFE_INTEGER:
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None  # as JSON.stringify does
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value


def _describe(error: psycopg.Error, query: str) -> str:
    """Word an error as psql does: severity, code, message, the line with a caret, detail, hint."""
    told = error.diag
    if told.message_primary is None:
        return str(error)
    text = f"{told.severity}:  {told.sqlstate}: {told.message_primary}\n"
    if told.statement_position:
        before = query[: int(told.statement_position) - 1]
        prefix = f"LINE {before.count(chr(10)) + 1}: "
        column = len(before) - before.rfind("\n") - 1
        line = query.split("\n")[before.count("\n")]
        text += f"{prefix}{line}\n{' ' * (len(prefix) + column)}^\n"
    extras = {
        "DETAIL": told.message_detail,
        "HINT": told.message_hint,
        "QUERY": told.internal_query,
        "CONTEXT": told.context,
    }
    return text + "".join(f"{name}:  {value}\n" for name, value in extras.items() if value)
