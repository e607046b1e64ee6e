"""A file of SQL: its statements, and what the database says of them, by line."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
from pglast import ast, parser
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

_NO_CONTENT = frozenset({"SQL_COMMENT", "C_COMMENT", "ASCII_59"})  # the scanner's names of comments and `;`
_SHOWN = 12  # lines of a statement


@dataclass(frozen=True)
class Statement:
    """One statement of a file, without the semicolon; `offset` is where its text begins, in characters."""

    text: str
    offset: int


class SqlFileError(Exception):
    """A statement of a file was refused; the message is meant to be read as it is.

    Attributes:
        line: of the file, from 1.
        sqlstate: PostgreSQL's code; None where the statement never reached it.
    """

    def __init__(self, text: str, line: int, sqlstate: str | None) -> None:
        super().__init__(text)
        self.line = line
        self.sqlstate = sqlstate


@dataclass(frozen=True)
class SqlFile:
    """A file's text, as it was when it was read."""

    path: Path
    sql: str

    @classmethod
    def read(cls, path: Path) -> "SqlFile":
        """Read a file.

        Raises:
            OSError: it has gone.
        """
        return cls(path, path.read_text(encoding="utf-8", errors="replace"))

    @property
    def is_empty(self) -> bool:
        """Whether it holds no statement (yet)."""
        return not content(self.sql)

    def statements(self) -> list[Statement]:
        """Split the file as the CLI does, leading comments included; what is no SQL stays whole, for the server."""
        try:
            parsed = parser.parse_sql(self.sql)
        except parser.ParseError:
            return [Statement(self.sql, 0)]
        found = []
        for raw in parsed:
            begin = raw.stmt_location
            text = self.sql[begin : begin + raw.stmt_len if raw.stmt_len else None]
            stripped = text.lstrip()
            statement = Statement(stripped.rstrip(), begin + len(text) - len(stripped))
            if isinstance(raw.stmt, ast.TransactionStmt):
                reason = "transaction control: a file runs in one transaction of its own, which it can not end"
                raise self._error(statement, reason, "\nhint: leave the statement out")
            found.append(statement)
        return found

    async def run(self, connection: AsyncConnection[TupleRow], note: tuple[str, list[object]]) -> None:
        """Run all statements and `note`, a statement with parameters, in one transaction.

        A single statement that no transaction may hold (`create index concurrently`) runs without one.

        Args:
            connection: an autocommit session.
            note: records that the file was run.

        Raises:
            SqlFileError: nothing of the file stays.
        """
        statements = self.statements()
        try:
            async with connection.transaction():
                for statement in statements:
                    await self._execute(connection, statement)
                await connection.execute(note[0].encode(), note[1])
        except SqlFileError as error:
            if error.sqlstate != psycopg.errors.ActiveSqlTransaction.sqlstate or len(statements) != 1:
                raise
            await self._execute(connection, statements[0])
            await connection.execute(note[0].encode(), note[1])
        except psycopg.Error as error:  # of the commit: what was deferred until then
            raise self._told(statements[-1] if statements else Statement("", 0), error) from error

    async def _execute(self, connection: AsyncConnection[TupleRow], statement: Statement) -> None:
        try:
            await connection.execute(statement.text.encode())
        except psycopg.Error as error:
            raise self._told(statement, error) from error

    def _told(self, statement: Statement, error: psycopg.Error) -> SqlFileError:
        told = error.diag
        # The database counts characters of the statement, from 1.
        position = statement.offset + int(told.statement_position) - 1 if told.statement_position else None
        extras = {"detail": told.message_detail, "hint": told.message_hint, "context": told.context}
        lines = "".join(f"\n{name}: {value}" for name, value in extras.items() if value)
        if error.sqlstate == psycopg.errors.ActiveSqlTransaction.sqlstate:
            lines += "\nhint: give the statement a file of its own"
        message = f"{error.sqlstate or 'no SQLSTATE'}: {told.message_primary or error}"
        return self._error(statement, message, lines, position=position, sqlstate=error.sqlstate)

    def _error(
        self,
        statement: Statement,
        message: str,
        lines: str,
        *,
        position: int | None = None,
        sqlstate: str | None = None,
    ) -> SqlFileError:
        """Word an error: place and message, the statement with a caret where the database gave a position."""
        at = statement.offset + _first_token(statement.text) if position is None else position
        line = self.sql.count("\n", 0, at) + 1
        text = f"{self.path.name}:{line}: {message}"
        shown = statement.text.split("\n")
        first = self.sql.count("\n", 0, statement.offset) + 1
        begin = max(0, line - first - _SHOWN // 2) if line - first >= _SHOWN else 0
        for number, code in enumerate(shown[begin : begin + _SHOWN], first + begin):
            text += f"\n{number:5} | {code}"
            if number == line and position is not None:
                column = at - (self.sql.rfind("\n", 0, at) + 1)
                indent = statement.offset - (self.sql.rfind("\n", 0, statement.offset) + 1) if number == first else 0
                text += f"\n      | {' ' * (column - indent)}^"
        if len(shown) > begin + _SHOWN:
            text += "\n      | …"
        return SqlFileError(text + lines, line, sqlstate)


def content(sql: str) -> list[str]:
    """Give the tokens of SQL that mean something; comments and semicolons do not."""
    encoded = sql.encode()
    try:
        tokens = parser.scan(sql)
    except parser.ParseError:
        return sql.split()
    return [
        encoded[token.start : token.end + 1].decode(errors="replace")
        for token in tokens
        if token.name not in _NO_CONTENT
    ]


def _first_token(sql: str) -> int:
    try:
        start = next((token.start for token in parser.scan(sql) if token.name not in _NO_CONTENT), 0)
    except parser.ParseError:
        return 0
    return len(sql.encode()[:start].decode(errors="replace"))
