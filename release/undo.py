"""Undoes applied migrations by their own scripts, with what they destroy copied first."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from pglast import ast, parser
from pglast.enums import AlterTableType, DropBehavior, ObjectType
from psycopg import sql
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from release.error import ReleaseError
from release.session import Session

_LONGEST_NAME = 63  # bytes, PostgreSQL's own limit
_DESTRUCTIVE = frozenset({AlterTableType.AT_DropColumn, AlterTableType.AT_AlterColumnType})
_WITH_ROWS = frozenset({ObjectType.OBJECT_TABLE, ObjectType.OBJECT_MATVIEW})


@dataclass(frozen=True, kw_only=True)
class Undo:
    """How one migration is undone.

    Attributes:
        version: of the migration.
        script: the SQL.
        tables: those whose rows it destroys or changes, as `schema.table`.
    """

    version: str
    script: str
    tables: tuple[str, ...]


def read_undo(version: str, script: str) -> Undo:
    """Read an undo script.

    Raises:
        ReleaseError: PostgreSQL's parser refuses it, or what it destroys can't be told.
    """
    try:
        statements = [raw.stmt for raw in parser.parse_sql(script)]
    except parser.ParseError as error:
        raise ReleaseError(
            f"The undo script of migration {version} is no SQL: {error.args[0]}. Nothing was changed. Remedy: undo it"
            " in a new migration."
        ) from error
    if any(_is_opaque(statement) for statement in statements):
        raise ReleaseError(
            f"The undo script of migration {version} runs a procedure or drops with `cascade`, so which rows it"
            " destroys can't be told, and none could be copied first. Nothing was changed. Remedy: undo it in a new"
            " migration."
        )
    tables = dict.fromkeys(table for statement in statements for table in _destroyed(statement))
    return Undo(version=version, script=script, tables=tuple(tables))


def undo_migration(session: Session, undo: Undo, *, copy_to: str | None, lock_timeout_seconds: int) -> list[str]:
    """Run an undo script and take its version out of the ledger, in one transaction.

    A script that no transaction may hold runs by itself; it has to be one that can run twice.

    Args:
        session: the open release.
        undo: what to run.
        copy_to: what the names of the copies begin with; None where the platform can bring the rows back.
        lock_timeout_seconds: how long a statement may wait for a lock; it is tried five times.

    Returns:
        The tables in schema `release` that now hold what was destroyed.

    Raises:
        ReleaseError: the script failed; of a transaction nothing remains.
    """
    connection = session.connection
    retrying = Retrying(
        retry=retry_if_exception_type(psycopg.errors.LockNotAvailable),
        stop=stop_after_attempt(5),
        wait=wait_exponential(max=8),
        reraise=True,
    )

    def in_transaction() -> list[str]:
        with connection.transaction():
            connection.execute(sql.SQL("set local lock_timeout = {}").format(f"{lock_timeout_seconds}s"))
            copies = [_copy(session, table, copy_to) for table in undo.tables] if copy_to else []
            connection.execute(undo.script.encode())
            _forget(session, undo.version)
        return copies

    try:
        if is_transactional(undo.script):
            return retrying(in_transaction)
        for statement in parser.split(undo.script):
            connection.execute(str(statement).encode())
        with connection.transaction():
            _forget(session, undo.version)
    except psycopg.Error as error:
        raise ReleaseError(
            f"Migration {undo.version} was not undone: {str(error).strip()}. Its script was rolled back; those before"
            " it are undone. Remedy: correct what is named, then run the same rollback again: it goes on from here."
        ) from error
    return []


def is_transactional(script: str) -> bool:
    """Tell whether a transaction may hold the script."""
    return not any(
        getattr(raw.stmt, "concurrent", False) or isinstance(raw.stmt, ast.VacuumStmt)
        for raw in parser.parse_sql(script)
    )


def _is_opaque(statement: ast.Node) -> bool:
    if isinstance(statement, ast.DropStmt):
        return bool(statement.behavior == DropBehavior.DROP_CASCADE)
    return isinstance(statement, ast.DoStmt | ast.CallStmt)


def _destroyed(statement: ast.Node) -> Iterator[str]:
    if isinstance(statement, ast.DropStmt) and statement.removeType in _WITH_ROWS:
        for name in statement.objects:
            yield _qualified([part.sval for part in name])
    elif isinstance(statement, ast.AlterTableStmt):
        if any(command.subtype in _DESTRUCTIVE for command in statement.cmds):
            yield _named(statement.relation)
    elif isinstance(statement, ast.DeleteStmt | ast.UpdateStmt):
        yield _named(statement.relation)
    elif isinstance(statement, ast.TruncateStmt):
        for relation in statement.relations:
            yield _named(relation)


def _named(relation: ast.RangeVar) -> str:
    return _qualified([part for part in (relation.schemaname, relation.relname) if part])


def _qualified(parts: Sequence[str]) -> str:
    return ".".join(parts[-2:] if len(parts) > 1 else ["public", *parts])


def _copy(session: Session, table: str, copy_to: str) -> str:
    name = f"{copy_to}_{table.replace('.', '_')}"
    if len(name.encode()) > _LONGEST_NAME:
        name = f"{name[:40]}_{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    session.connection.execute(
        sql.SQL("create table {} as table {}").format(
            sql.Identifier("release", name), sql.Identifier(*table.split(".", 1))
        )
    )
    return f"release.{name}"


def _forget(session: Session, version: str) -> None:
    session.connection.execute("delete from supabase_migrations.schema_migrations where version = %s", [version])
