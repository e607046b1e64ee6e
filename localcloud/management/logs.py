"""The operations that ask a project's logs with SQL."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from localcloud.clock import Clock
from localcloud.logs.store import SOURCES, LogEntry, LogStore, Source
from localcloud.logs.tables import FLAT_ROW, METADATA, flat_row, nested_row
from localcloud.management.errors import InvalidRequestError, OperationNotImplementedError
from localcloud.management.routing import PROJECT, Router
from localcloud.management.state import ManagementState

_LONGEST = timedelta(hours=24)
_DEFAULT = timedelta(minutes=1)


class LogsApi:
    """Two endpoints over one store: `logs.all` with a table for each source, `logs` with one table for all."""

    def __init__(self, state: ManagementState, store: LogStore, clock: Clock, router: Router) -> None:
        """Take the projects, their logs, the time, and the maker of routes."""
        self._state = state
        self._store = store
        self._clock = clock
        self._router = router

    def routes(self) -> list[Route]:
        """Give the routes."""
        base = PROJECT + "/analytics/endpoints"
        return [
            self._router.route("GET", base + "/logs.all", self._query_sources),
            self._router.route("GET", base + "/logs", self._query_all),
        ]

    async def _query_sources(self, request: Request) -> Any:
        entries = self._entries(request)
        tables = {
            source: ({**_NESTED_ROW, "metadata": [METADATA[source]]}, (nested_row(self._store, e) for e in found))
            for source, found in entries.items()
        }
        return await _answer(request, "bigquery", tables)

    async def _query_all(self, request: Request) -> Any:
        rows = chain.from_iterable(
            (flat_row(self._store, source, entry) for entry in found)
            for source, found in self._entries(request).items()
        )
        return await _answer(request, "clickhouse", {"logs": (FLAT_ROW, rows)})

    def _entries(self, request: Request) -> dict[Source, Iterator[LogEntry]]:
        """Give the entries of the time that the request names, by source."""
        ref = self._state.project(request.path_params["ref"]).ref
        start, end = (_moment(request, f"iso_timestamp_{name}") for name in ("start", "end"))
        if end is None:
            end = start + _LONGEST if start else self._clock.now()
        if start is None:
            start = end - (_LONGEST if "iso_timestamp_end" in request.query_params else _DEFAULT)
        if end < start or end - start > _LONGEST:
            raise InvalidRequestError("The timestamp range must be no more than 24 hours, and must not end before it")
        first, last = (round(moment.timestamp() * 1_000_000) for moment in (start, end))
        return {source: self._store.between(ref, source, first, last) for source in SOURCES}


_NESTED_ROW = {"id": "VARCHAR", "timestamp": "BIGINT", "event_message": "VARCHAR"}


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequestError(f"{name}: expected an ISO 8601 timestamp") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _answer(request: Request, dialect: Any, tables: Any) -> Any:
    """Execute the SQL of the request; what is wrong with it is told in the answer, as on the platform."""
    # Loading the engine takes memory and a moment that only those who ask logs should pay.
    from localcloud.logs.query import LogQueryError, UnknownTableError, run_log_query  # noqa: PLC0415

    sql = request.query_params.get("sql")
    if not sql:
        raise InvalidRequestError("sql: a query is required")
    try:
        return {"result": await asyncio.to_thread(run_log_query, sql, dialect, tables)}
    except UnknownTableError as error:
        raise OperationNotImplementedError(f"the log table {error}") from error
    except LogQueryError as error:
        return {"result": [], "error": str(error)}
