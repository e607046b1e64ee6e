"""How the entries look as tables, in the two forms that the platform's endpoints offer."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.logs.store import SOURCES, LogEntry, LogStore

_REQUEST = [
    {
        "headers": [{"user_agent": "VARCHAR"}],
        "host": "VARCHAR",
        "method": "VARCHAR",
        "path": "VARCHAR",
        "pathname": "VARCHAR",
        "protocol": "VARCHAR",
        "search": "VARCHAR",
        "url": "VARCHAR",
    }
]
_FUNCTION = {
    "deployment_id": "VARCHAR",
    "execution_id": "VARCHAR",
    "function_id": "VARCHAR",
    "project_ref": "VARCHAR",
    "version": "VARCHAR",
}
# The structure of `metadata`, which the older endpoint shows as a list of one structure, with lists of one inside.
METADATA: Mapping[str, Mapping[str, Any]] = {
    "edge_logs": {
        "identifier": "VARCHAR",
        "request": _REQUEST,
        "response": [{"status_code": "BIGINT", "origin_time": "BIGINT"}],
    },
    "function_edge_logs": {
        **_FUNCTION,
        "execution_time_ms": "BIGINT",
        "request": _REQUEST,
        "response": [{"status_code": "BIGINT"}],
    },
    "function_logs": {**_FUNCTION, "event_type": "VARCHAR", "level": "VARCHAR", "region": "VARCHAR"},
    "postgres_logs": {
        "identifier": "VARCHAR",
        "parsed": [
            {
                "database_name": "VARCHAR",
                "error_severity": "VARCHAR",
                "process_id": "BIGINT",
                "sql_state_code": "VARCHAR",
                "user_name": "VARCHAR",
            }
        ],
    },
}
FLAT_ROW = {
    "id": "VARCHAR",
    "timestamp": "BIGINT",
    "source": "VARCHAR",
    "severity_text": "VARCHAR",
    "event_message": "VARCHAR",
    "log_attributes": "MAP(VARCHAR, VARCHAR)",
}
assert METADATA.keys() == set(SOURCES)  # noqa: S101 - each source has a table


def nested_row(store: LogStore, entry: LogEntry) -> dict[str, Any]:
    """Give an entry as a row of the table that has its source's name."""
    return {
        "id": store.id(entry),
        "timestamp": entry.time,
        "event_message": entry.message,
        "metadata": [_in_lists(entry.attributes)],
    }


def flat_row(store: LogStore, source: str, entry: LogEntry) -> dict[str, Any]:
    """Give an entry as a row of the one table `logs`, its attributes by dotted names and as text."""
    return {
        "id": store.id(entry),
        "timestamp": entry.time,
        "source": source,
        "severity_text": str(entry.attributes.get("level", "")),
        "event_message": entry.message,
        "log_attributes": dict(_flat(entry.attributes)),
    }


def _in_lists(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Wrap each structure in a list of one."""
    return {name: [_in_lists(value)] if isinstance(value, Mapping) else value for name, value in attributes.items()}


def _flat(attributes: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, value in attributes.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield prefix + name, str(value)
