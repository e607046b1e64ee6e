"""Which statements of a migration can't be applied exactly once by `supabase db push`.

The CLI sends a file as one pipeline, an implicit transaction that also holds the ledger's row. A file that ends that
transaction itself, or that can't run inside of one, breaks the bond between what was done and what is recorded.
"""

from collections.abc import Iterator, Sequence

from pglast import ast, parser

# What PostgreSQL's scanner calls comments and semicolons.
_NO_STATEMENT = frozenset({"SQL_COMMENT", "C_COMMENT", "ASCII_59"})


def find_refusals(file_name: str, sql: str) -> list[str]:
    """Give one sentence for each statement that must not be pushed; none for a file that may.

    Args:
        file_name: for the sentences.
        sql: the file's text, read by PostgreSQL 17's own parser.
    """
    try:
        parsed = parser.parse_sql(sql)
    except parser.ParseError as error:
        message, location = error.args[0], error.args[1] if len(error.args) > 1 else 0
        return [f"{file_name}:{_line(sql, location)}: {message}. Remedy: correct it"]
    statements = [raw.stmt for raw in parsed]
    return [
        f"{file_name}:{_line(sql, raw.stmt_location + _leading(sql[raw.stmt_location :]))}: {sentence}"
        for raw in parsed
        for sentence in _refuse(raw.stmt, statements)
    ]


def is_empty(sql: str) -> bool:
    """Tell whether a text that can be parsed does nothing: blanks, comments and semicolons alone."""
    return all(token.name in _NO_STATEMENT for token in parser.scan(sql))


def _refuse(statement: ast.Node, all_of_file: Sequence[ast.Node]) -> Iterator[str]:
    if isinstance(statement, ast.TransactionStmt):
        yield "transaction control: the file would end the transaction that records it. Remedy: leave it out"
    if isinstance(statement, ast.LockStmt):
        yield "LOCK TABLE fails in the CLI's pipeline. Remedy: let the statement that needs the lock take it"
    if isinstance(statement, ast.AlterEnumStmt) and statement.newVal and not statement.oldVal:
        users = [other for other in all_of_file if other is not statement and _mentions(other, statement.newVal)]
        if users:
            yield (
                f"the enum value '{statement.newVal}' is used in the file that adds it, which PostgreSQL refuses before"
                " a commit. Remedy: use it in a later file"
            )
    idempotent = _is_idempotent(statement)
    if idempotent is not None:
        if len(all_of_file) > 1:
            yield "can't run in a transaction, so a failure would leave the rest half done. Remedy: a file of its own"
        if not idempotent:
            yield "can't run in a transaction, so it may have to run twice. Remedy: if [not] exists"


def _is_idempotent(statement: ast.Node) -> bool | None:
    """Tell whether a statement that no transaction may hold can run twice; None for one that a transaction may."""
    if isinstance(statement, ast.IndexStmt) and statement.concurrent:
        return bool(statement.if_not_exists)
    if isinstance(statement, ast.DropStmt) and statement.concurrent:
        return bool(statement.missing_ok)
    if isinstance(statement, ast.ReindexStmt):
        concurrently = any(option.defname == "concurrently" for option in statement.params or ())
        return True if concurrently else None
    if isinstance(statement, ast.VacuumStmt):
        return True if statement.is_vacuumcmd else None
    if isinstance(statement, ast.CreatedbStmt | ast.DropdbStmt | ast.AlterSystemStmt | ast.CreateTableSpaceStmt):
        return False
    return None


def _mentions(node: object, text: str) -> bool:
    # Not by recursion: an expression may be nested deeper than Python's stack.
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.String) and part.sval == text:
            return True
        if isinstance(part, ast.Node):
            pending += [getattr(part, slot) for slot in part]
        elif isinstance(part, tuple):
            pending += part
    return False


def _leading(text: str) -> int:
    return len(text) - len(text.lstrip())


def _line(sql: str, location: int) -> int:
    return sql.count("\n", 0, location) + 1
