"""The search through staging, before the transaction ends, for what must not be there."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from psycopg import sql

from ops.anonymise.catalogue import Column, Table
from ops.anonymise.column_rule import ColumnRule
from ops.anonymise.copy_text import NULL, unescape
from ops.anonymise.protected_values import is_long, texts_of, tokens_in, tokens_of
from ops.anonymise.reader_role import Reading
from ops.anonymise.sample import Part
from ops.anonymise.sightings import WINDOW, Sightings
from ops.anonymise.table_copy import TableCopy, rows_of
from release.database import Connection

_MOST_HELD = 32 << 20  # bytes of suspected values in memory; with more, what there is is looked up first
_KEPT_TEXTS = 1 << 12
_LONGEST_KEPT = 200


@dataclass(frozen=True, order=True)
class Leak:
    """What was found, by names alone.

    Attributes:
        place: `schema.table.column` of staging; `schema.table` for a whole row.
        source: `schema.table.column` of production whose value it is, or `schema.table` for a row.
    """

    place: str
    source: str


class Scan:
    """Holds every protected value of production against every text of staging.

    Three passes, each row by row: staging's texts are remembered, in a memory of fixed size; production's values are
    held against that; and those that may be in staging are looked for there, so that no finding is wrong.
    """

    def __init__(
        self, reading: Reading, copies: Sequence[TableCopy], connection: Connection, tables: Sequence[Table]
    ) -> None:
        """Take both sides.

        Args:
            reading: the moment of production that was copied.
            copies: what was copied of it.
            connection: the session of staging in whose transaction the rows are.
            tables: all of staging that are the backend's, and auth.users.
        """
        self._reading, self._copies = reading, copies
        self._connection, self._tables = connection, tables
        self._of = {copy.table.name: copy for copy in copies}
        self._sightings = Sightings()
        # Suspected values by their first bytes, tokens and rows as a whole; each with where it is in production.
        self._values: dict[bytes, dict[bytes, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._tokens: dict[bytes, set[str]] = defaultdict(set)
        self._held = 0
        self._leaks: set[Leak] = set()

    def run(self, say: Callable[[str], None]) -> list[Leak]:
        """Search.

        Args:
            say: takes the name of each table as it is looked at.
        """
        remember = lru_cache(_KEPT_TEXTS)(self._remember)
        for table in self._tables:
            say(table.name)
            self._look_at(table, self._sightings.add, lambda text, _: (
                remember(text) if len(text) <= _LONGEST_KEPT else self._remember(text)
            ))  # fmt: skip
        for copy in self._copies:
            if copy.protects:
                say(copy.table.name)
                self._hold_against(copy)
        self._look_up()
        return sorted(self._leaks)

    def _look_at(self, table: Table, token: Callable[[bytes], None], text: Callable[[bytes, str], None]) -> None:
        """Go through a table of staging.

        Args:
            table: the table.
            token: takes each row of a table that protects something, and each UUID.
            text: takes each text that is not plainly a stand-in, and its column.
        """
        copy = self._of.get(table.name)
        read = copy.read if copy else ()
        others = [column for name, column in table.columns.items() if name not in read]
        expressions = [*(copy.expressions if copy else []), *(sql.Identifier(column.name) for column in others)]
        columns = [*(table.columns[name] for name in read), *others]
        rules: list[ColumnRule | None] = [*(copy.columns if copy else ()), *(None for _ in others)]
        steps = [
            (number, self._step(column, rules[number], f"{table.name}.{column.name}", token, text))
            for number, column in enumerate(columns)
            if column.text or column.base == "uuid"
        ]
        rows = copy if copy and copy.protects else None
        if not steps and not rows:
            return
        for line in rows_of(self._connection, sql.Identifier(table.schema, table.table), expressions, Part()):
            fields = line.split(b"\t")
            if rows:
                token(rows.token(line if not others else b"\t".join(fields[: len(read)])))
            for number, step in steps:
                if fields[number] not in (NULL, b""):
                    step(fields[number])

    @staticmethod
    def _step(
        column: Column,
        rule: ColumnRule | None,
        place: str,
        token: Callable[[bytes], None],
        text: Callable[[bytes, str], None],
    ) -> Callable[[bytes], None]:
        """Give what is done with a field of a column."""
        if column.base == "uuid" and not column.array:
            return lambda field: token(b"uuid\0" + field)
        is_stand_in = rule.is_stand_in if rule else None

        def step(field: bytes) -> None:
            if is_stand_in is None or not is_stand_in(field):
                for reading in _readings(field, column):
                    text(reading, place)

        return step

    def _remember(self, text: bytes) -> None:
        self._sightings.add_text(text)
        for token in tokens_in(text):
            self._sightings.add(token)

    def _hold_against(self, copy: TableCopy) -> None:
        """Hold production's rows of a table against what staging holds."""
        name, may_have = copy.table.name, self._sightings.may_have
        relation = self._reading.relations[name]
        probes = [
            (number, column, f"{name}.{column.column.name}")
            for number, column in enumerate(copy.columns)
            if column.searched
        ]
        for line in rows_of(self._reading.connection, relation, copy.expressions, copy.part):
            fields = line.split(b"\t")
            row = copy.token(line)
            if may_have(row) and copy.has_something_to_protect(fields):
                self._suspect(self._tokens[row], row, name)
            for number, column, source in probes:
                field = fields[number]
                if field in (NULL, b""):
                    continue
                for kind, value in column.protected(field):
                    if kind != "uuid" and len(value) >= WINDOW and may_have(value[:WINDOW]) and is_long(value):
                        self._suspect(self._values[value[:WINDOW]][value], value, source)
                    for token in tokens_of(kind, value):
                        if may_have(token):
                            self._suspect(self._tokens[token], token, source)

    def _suspect(self, sources: set[str], value: bytes, source: str) -> None:
        if not sources:
            self._held += len(value)
        sources.add(source)
        if self._held > _MOST_HELD:
            self._look_up()

    def _look_up(self) -> None:
        """Look for what is suspected in staging itself, and forget it."""
        if self._values or self._tokens:
            for table in self._tables:
                self._look_at(table, lambda token, table=table: self._find(token, table.name), self._find_in)  # type: ignore[misc]
        self._values.clear()
        self._tokens.clear()
        self._held = 0

    def _find(self, token: bytes, place: str) -> None:
        self._leaks |= {Leak(place, source) for source in self._tokens.get(token, ())}

    def _find_in(self, text: bytes, place: str) -> None:
        for token in tokens_in(text):
            self._find(token, place)
        if not self._values:
            return
        for begin in range(len(text) - WINDOW + 1):
            for value, sources in self._values.get(text[begin : begin + WINDOW], {}).items():
                if text.startswith(value, begin):
                    self._leaks |= {Leak(place, source) for source in sources}


def _readings(field: bytes, column: Column) -> Iterator[bytes]:
    """Give the texts that a field may be read as: a JSON document's with and without its escapes."""
    value = unescape(field)
    if column.base == "bytea" and not column.array:
        yield bytes.fromhex(value[2:].decode())
        return
    yield value
    if b"\\" in value:
        if column.base in {"json", "jsonb"} and not column.array:
            yield from (text.encode() for text in texts_of(json.loads(value)))
        else:
            yield value.replace(b"\\", b"")
