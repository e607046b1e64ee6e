"""What of a migration destroys, and what of it makes others wait."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pglast import ast, parse_sql
from pglast.parser import ParseError

_STATEMENT_CHARACTERS = 160
_DROPPED = {
    "OBJECT_TABLE": "drops a table",
    "OBJECT_SCHEMA": "drops a schema",
    "OBJECT_TYPE": "drops a type",
    "OBJECT_VIEW": "drops a view",
    "OBJECT_MATVIEW": "drops a materialised view",
    "OBJECT_FUNCTION": "drops a function",
    "OBJECT_COLUMN": "drops a column",
    "OBJECT_SEQUENCE": "drops a sequence",
    "OBJECT_POLICY": "drops a policy",
    "OBJECT_TRIGGER": "drops a trigger",
}
_ALTERED = {
    "AT_DropColumn": "drops a column",
    "AT_AlterColumnType": "changes a column's type",
    "AT_DropConstraint": "drops a constraint",
    "AT_DisableRowSecurity": "turns row level security off",
    "AT_NoForceRowSecurity": "no longer forces row level security",
}
# These do not keep out readers or writers (PostgreSQL 17, "Explicit Locking" and "ALTER TABLE").
_MILD = {"AT_ValidateConstraint", "AT_SetStatistics", "AT_SetOptions"}


@dataclass(frozen=True, kw_only=True)
class SqlRisk:
    """One statement that somebody should look at.

    Attributes:
        destroys: whether something is gone after it; otherwise it makes others wait.
        what: what it does, as a sentence part.
        statement: its text, blanks joined and the end cut.
    """

    destroys: bool
    what: str
    statement: str


def find_sql_risks(sql: str) -> list[SqlRisk]:
    """Find the risks of a file, in the order in which they stand; none in a text that PostgreSQL can't parse."""
    try:
        statements = parse_sql(sql)
    except (ParseError, RecursionError):
        return []
    created: set[str] = set()
    risks = []
    for raw in statements:
        begin = raw.stmt_location or 0
        end = begin + raw.stmt_len if raw.stmt_len else len(sql)
        text = _shorten(sql[begin:end])
        node = raw.stmt
        if isinstance(node, ast.CreateStmt):
            created.add(_relation(node.relation))
        risks += [SqlRisk(destroys=True, what=what, statement=text) for what in _destroyed(node)]
        risks += [SqlRisk(destroys=False, what=what, statement=text) for what in _locked(node, created)]
    return risks


def _destroyed(node: Any) -> Iterator[str]:
    if isinstance(node, ast.DropStmt):
        if what := _DROPPED.get(node.removeType.name):
            yield what
    elif isinstance(node, ast.TruncateStmt):
        yield "empties a table"
    elif isinstance(node, ast.DeleteStmt) and node.whereClause is None:
        yield "deletes every row"
    elif isinstance(node, ast.UpdateStmt) and node.whereClause is None:
        yield "changes every row"
    elif isinstance(node, ast.AlterTableStmt):
        yield from (_ALTERED[c.subtype.name] for c in node.cmds or () if c.subtype.name in _ALTERED)


def _locked(node: Any, created: set[str]) -> Iterator[str]:
    if isinstance(node, ast.AlterTableStmt) and _relation(node.relation) not in created:
        if any(command.subtype.name not in _MILD for command in node.cmds or ()):
            yield f"keeps out everybody else from {_relation(node.relation)} while it runs"
    elif isinstance(node, ast.IndexStmt) and not node.concurrent and _relation(node.relation) not in created:
        yield f"lets nobody write to {_relation(node.relation)} while it runs"
    elif isinstance(node, ast.TruncateStmt):
        yield from (f"keeps out everybody else from {_relation(relation)}" for relation in node.relations or ())
    elif isinstance(node, ast.CreateTrigStmt) and _relation(node.relation) not in created:
        yield f"lets nobody write to {_relation(node.relation)} while it runs"


def _relation(relation: Any) -> str:
    schema = getattr(relation, "schemaname", None) or "public"
    return f"{schema}.{relation.relname}"


def _shorten(text: str) -> str:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    joined = " ".join(" ".join(lines).split())
    return joined if len(joined) <= _STATEMENT_CHARACTERS else f"{joined[:_STATEMENT_CHARACTERS]}…"
