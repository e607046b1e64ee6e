"""One table on its way: what is read of it, and what staging gets."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from psycopg import sql

from ops.anonymise.catalogue import Table
from ops.anonymise.column_rule import ColumnRule
from ops.anonymise.copy_text import NULL
from ops.anonymise.pseudonyms import Pseudonyms
from ops.anonymise.rules import Rule
from ops.anonymise.sample import Part
from release.database import Connection

_KEPT_STAND_INS = 1 << 14
_ROWS_AT_ONCE = 1 << 16  # bytes


class TableCopy:
    """A table with its rules.

    Attributes:
        table: the table.
        columns: the rules of the columns that are read.
        read: names of the columns that are read.
        written: names of staging's columns, in the order of the fields that it gets.
        part: which rows are taken.
    """

    def __init__(self, table: Table, rules: Mapping[str, Rule], pseudonyms: Pseudonyms) -> None:
        """Take the table, the rule of each of its columns, and the stand-ins of this refresh."""
        self.table = table
        self.part = Part()
        columns = [ColumnRule(table.name, table.columns[name], rule, pseudonyms) for name, rule in rules.items()]
        self.columns = [column for column in columns if column.read]
        constant = [column for column in columns if column.written and not column.read]
        self.read = tuple(column.column.name for column in self.columns)
        self.written = (*self.read, *(column.column.name for column in constant))
        self._tail = [NULL if (field := column.constant()) is None else field for column in constant]
        self._prefix = table.name.encode() + b"\0"

    @property
    def expressions(self) -> list[sql.Composable]:
        """Give what to select, here as there: so that a row of staging can be held against one of production."""
        return [column.expression for column in self.columns]

    @property
    def protects(self) -> bool:
        """Whether any column's values are replaced."""
        return any(column.protects for column in self.columns)

    def replacing(self) -> Callable[[bytes], bytes]:
        """Give what makes staging's line of one of production's."""
        steps = [
            (number, self._step(column), column.constant())
            for number, column in enumerate(self.columns)
            if column.protects
        ]
        tail = b"".join(b"\t" + field for field in self._tail) + b"\n"

        def replace(line: bytes) -> bytes:
            fields = line.split(b"\t")
            for number, step, constant in steps:
                field = fields[number]
                if constant is not None:
                    fields[number] = constant
                elif field != NULL:
                    fields[number] = step(field)
            return b"\t".join(fields) + tail

        return replace

    def token(self, line: bytes) -> bytes:
        """Give what a row is remembered as, here as there."""
        return self._prefix + line

    def has_something_to_protect(self, fields: list[bytes]) -> bool:
        """Tell whether a row holds a value that was to be replaced: else it may well be the same in staging."""
        return any(column.protects and column.holds(field) for column, field in zip(self.columns, fields, strict=True))

    @staticmethod
    def _step(column: ColumnRule) -> Callable[[bytes], bytes]:
        replacement = column.replacement()
        assert replacement is not None  # noqa: S101 - only columns that protect are asked
        return lru_cache(_KEPT_STAND_INS)(replacement) if column.once else replacement


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
