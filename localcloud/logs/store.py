"""The last lines that each project's services logged, in memory only."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, get_args
from uuid import UUID, uuid4

Source = Literal["edge_logs", "function_edge_logs", "function_logs", "postgres_logs"]
SOURCES = get_args(Source)
KEPT = 2000  # entries of a project and source
LONGEST = 10_000  # characters of a message, as on the platform


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line.

    Attributes:
        number: counts up through all entries.
        time: microseconds of the epoch.
        attributes: what is known beside the message, nested as the platform's metadata.
    """

    number: int
    time: int
    message: str
    attributes: Mapping[str, Any]


class LogStore:
    """Keeps the newest entries of each project and source; older ones make room, and a restart forgets all."""

    def __init__(self) -> None:
        """Begin empty."""
        self._entries: dict[tuple[str, Source], deque[LogEntry]] = defaultdict(lambda: deque(maxlen=KEPT))
        self._numbers = count()
        self._start = uuid4().int

    def add(self, ref: str, source: Source, message: str, attributes: Mapping[str, Any]) -> None:
        """Note a line of a project's service, now."""
        entry = LogEntry(next(self._numbers), time.time_ns() // 1000, message[:LONGEST], attributes)
        self._entries[ref, source].append(entry)

    def between(self, ref: str, source: Source, start: int, end: int) -> Iterator[LogEntry]:
        """Give the entries of a time, in microseconds of the epoch, oldest first."""
        return (entry for entry in self._entries.get((ref, source), ()) if start <= entry.time <= end)

    def id(self, entry: LogEntry) -> str:
        """Give an entry's id, which no other entry has."""
        return str(UUID(int=self._start ^ entry.number))

    def forget(self, ref: str) -> None:
        """Remove what a deleted project left."""
        for source in SOURCES:
            self._entries.pop((ref, source), None)
