"""The search through staging, before the transaction ends, for what must not be there."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from ops.anonymise.catalogue import Column, Table
from ops.anonymise.copy_text import NULL, unescape
from ops.anonymise.protected_values import is_long, texts_of, tokens_in, tokens_of
from ops.anonymise.pseudonyms import is_stand_in_mail
from ops.anonymise.reader_role import Reading
from ops.anonymise.sample import Part
from ops.anonymise.sightings import Sightings
from ops.anonymise.table_copy import TableCopy, rows_of
from release.database import Connection

_PREFIX = 12
_MOST_HELD = 32 << 20  # bytes of suspected texts in memory; with more, what there is is looked up first


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
    """Looks at every text of staging; what is suspected is held against production's rows, so that none is wrong."""

    def __init__(self, reading: Reading, copies: Sequence[TableCopy], sightings: Sightings) -> None:
        """Take the same moment of production that was copied, what was read of it, and what is remembered of that."""
        self._reading, self._copies, self._sightings = reading, copies, sightings
        self._texts: dict[bytes, set[tuple[str, bytes]]] = defaultdict(set)
        self._tokens: dict[bytes, set[str]] = defaultdict(set)
        self._held = 0
        self._leaks: set[Leak] = set()

    def run(self, connection: Connection, tables: Sequence[Table], say: Callable[[str], None]) -> list[Leak]:
        """Search the tables of staging.

        Args:
            connection: the session in whose transaction the rows are.
            tables: all that are the backend's, and auth.users.
            say: takes the name of each table as it is looked at.
        """
        copies = {copy.table.name: copy for copy in self._copies}
        for table in tables:
            say(table.name)
            self._look_at(connection, table, copies.get(table.name))
        self._look_up()
        return sorted(self._leaks)

    def _look_at(self, connection: Connection, table: Table, copy: TableCopy | None) -> None:
        read = copy.read if copy else ()
        others = [column for column in table.columns.values() if column.name not in read]
        expressions = [*(copy.expressions if copy else []), *(sql.Identifier(column.name) for column in others)]
        columns = [*(table.columns[name] for name in read), *others]
        texts = [(number, column) for number, column in enumerate(columns) if column.text or column.base == "uuid"]
        rows = copy if copy and copy.protects else None
        if not texts and not rows:
            return
        relation = sql.Identifier(table.schema, table.table)
        for line in rows_of(connection, relation, expressions, Part()):
            fields = line.split(b"\t")
            if rows:
                token = rows.protected_row(b"\t".join(fields[: len(read)]))
                if self._sightings.may_have(token):
                    self._suspect_token(token, table.name)
            for number, column in texts:
                if fields[number] not in (NULL, b""):
                    self._look_into(fields[number], column, f"{table.name}.{column.name}")

    def _look_into(self, field: bytes, column: Column, place: str) -> None:
        if column.base == "uuid" and not column.array:
            if self._sightings.may_have(b"uuid\0" + field):
                self._suspect_token(b"uuid\0" + field, place)
            return
        if is_stand_in_mail(field):
            return
        for text in _readings(field, column):
            for prefix in self._sightings.suspects(text):
                self._held += len(text)
                self._texts[prefix].add((place, text))
            for token in tokens_in(text):
                if self._sightings.may_have(token):
                    self._suspect_token(token, place)
        if self._held > _MOST_HELD:
            self._look_up()

    def _suspect_token(self, token: bytes, place: str) -> None:
        self._held += len(token)
        self._tokens[token].add(place)

    def _look_up(self) -> None:
        """Hold what is suspected against the rows that were copied, and forget it."""
        if self._texts or self._tokens:
            for copy in self._copies:
                if copy.protects:
                    relation = self._reading.relations[copy.table.name]
                    for line in rows_of(self._reading.connection, relation, copy.expressions, copy.part):
                        self._hold_against(copy, line)
        self._texts.clear()
        self._tokens.clear()
        self._held = 0

    def _hold_against(self, copy: TableCopy, line: bytes) -> None:
        name = copy.table.name
        for place in self._tokens.get(copy.protected_row(line), ()):
            self._leaks.add(Leak(place, name))
        for column, kind, value in copy.protected(line.split(b"\t")):
            source = f"{name}.{column}"
            if kind != "uuid" and is_long(value):
                for place, text in self._texts.get(value[:_PREFIX], ()):
                    if value in text:
                        self._leaks.add(Leak(place, source))
            for token in tokens_of(kind, value):
                for place in self._tokens.get(token, ()):
                    self._leaks.add(Leak(place, source))


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
