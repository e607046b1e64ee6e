"""One table on its way: what is read of it, what is remembered, what staging gets."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from psycopg import sql

from ops.anonymise.catalogue import Table
from ops.anonymise.column_rule import ColumnRule
from ops.anonymise.copy_text import NULL
from ops.anonymise.protected_values import is_long, tokens_of
from ops.anonymise.pseudonyms import Pseudonyms
from ops.anonymise.rules import JsonFields, Rule
from ops.anonymise.sample import Part
from ops.anonymise.sightings import Sightings
from release.database import Connection

_KEPT_STAND_INS = 1 << 14
_ROWS_AT_ONCE = 1 << 16  # bytes


class TableCopy:
    """A table with its rules.

    Attributes:
        table: the table.
        read: names of the columns that are read.
        written: names of staging's columns, in the order of the fields that it gets.
        part: which rows are taken.
    """

    def __init__(self, table: Table, rules: Mapping[str, Rule], pseudonyms: Pseudonyms) -> None:
        """Take the table, the rule of each of its columns, and the stand-ins of this refresh."""
        self.table = table
        self.part = Part()
        columns = [ColumnRule(table.name, table.columns[name], rule, pseudonyms) for name, rule in rules.items()]
        self._columns = [column for column in columns if column.read]
        constant = [column for column in columns if column.written and not column.read]
        self.read = tuple(column.column.name for column in self._columns)
        self.written = (*self.read, *(column.column.name for column in constant))
        self._tail = [NULL if (field := column.constant()) is None else field for column in constant]
        self._protecting = [number for number, column in enumerate(self._columns) if column.protects]

    @property
    def expressions(self) -> list[sql.Composable]:
        """Give what to select, here as there: so that a row of staging can be held against one of production."""
        return [column.expression for column in self._columns]

    @property
    def protects(self) -> bool:
        """Whether any column's values are replaced."""
        return bool(self._protecting)

    def replacing(self, sightings: Sightings) -> Callable[[bytes], bytes]:
        """Give what makes staging's line of one of production's, and remembers what is protected in it."""
        steps = [
            (number, self._step(column, sightings), column.constant(), not isinstance(column.rule, JsonFields))
            for number, column in enumerate(self._columns)
            if column.protects
        ]
        tail = b"".join(b"\t" + field for field in self._tail) + b"\n"
        name = self.table.name.encode()

        def replace(line: bytes) -> bytes:
            fields = line.split(b"\t")
            protected = False
            for number, step, constant, whole in steps:
                field = fields[number]
                if field == NULL:
                    if constant is not None:
                        fields[number] = constant
                elif field != constant:
                    fields[number] = replaced = step(field)
                    # Of a JSON document there may be nothing that is protected.
                    protected = protected or (whole and field != b"") or replaced != field
            if protected:
                sightings.add_token(name + b"\0" + line)
            return b"\t".join(fields) + tail

        return replace

    def protected_row(self, line: bytes) -> bytes:
        """Give what a row is remembered as."""
        return self.table.name.encode() + b"\0" + line

    def protected(self, fields: list[bytes]) -> Iterator[tuple[str, str, bytes]]:
        """Give what of a row must not be found in staging: the column, `phone` or `text`, and the value."""
        for number in self._protecting:
            column = self._columns[number]
            for kind, value in column.protected(fields[number]):
                yield column.column.name, kind, value

    @staticmethod
    def _step(column: ColumnRule, sightings: Sightings) -> Callable[[bytes], bytes]:
        replacement = column.replacement()
        assert replacement is not None  # noqa: S101 - only columns that protect are asked
        if not column.searched:
            return replacement

        def step(field: bytes) -> bytes:
            for kind, value in column.protected(field):
                remember(sightings, kind, value)
            return replacement(field)

        return lru_cache(_KEPT_STAND_INS)(step) if column.once else step


def remember(sightings: Sightings, kind: str, value: bytes) -> None:
    """Remember a protected value by all that the scan looks for."""
    for token in tokens_of(kind, value):
        sightings.add_token(token)
    if kind != "uuid" and is_long(value):
        sightings.add(value)


def rows_of(
    connection: Connection, relation: sql.Composable, expressions: list[sql.Composable], part: Part
) -> Iterator[bytes]:
    """Give the rows of a table as lines without their ends, one at a time."""
    query = sql.SQL("copy ({}) to stdout").format(part.select(expressions, relation))
    with connection.cursor().copy(query) as copy:
        for line in copy:
            yield bytes(line)[:-1]


def write_rows(connection: Connection, table: Table, columns: tuple[str, ...], lines: Iterator[bytes]) -> int:
    """Write lines, with their ends, into a table; gives their bytes."""
    query = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table.schema, table.table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    total, held, buffer = 0, 0, []
    with connection.cursor().copy(query) as copy:
        for line in lines:
            buffer.append(line)
            held += len(line)
            if held >= _ROWS_AT_ONCE:
                copy.write(b"".join(buffer))
                total, held = total + held, 0
                buffer.clear()
        copy.write(b"".join(buffer))
    return total + held
