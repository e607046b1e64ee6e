"""SQL over logs: translated from the dialect of the platform's endpoint, and executed by DuckDB."""

import json
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal

import duckdb
import sqlglot
from sqlglot import exp

Dialect = Literal["bigquery", "clickhouse"]
_LIMIT = 10.0  # seconds of a query
_MOST_ROWS = 10_000
# Functions of ClickHouse that neither sqlglot nor DuckDB knows.
_MACROS = """
create macro toUnixTimestamp64Milli(moment) as epoch_ms(moment);
create macro toUnixTimestamp64Micro(moment) as epoch_us(moment);
create macro toInt32OrZero(value) as coalesce(try_cast(value as integer), 0);
create macro toInt64OrZero(value) as coalesce(try_cast(value as bigint), 0);
create macro toFloat64OrZero(value) as coalesce(try_cast(value as double), 0);
create macro positionCaseInsensitive(text, part) as instr(lower(text), lower(part));
create macro positionCaseInsensitiveUTF8(text, part) as instr(lower(text), lower(part));
create macro positionUTF8(text, part) as instr(text, part);
create macro lowerUTF8(text) as lower(text);
create macro upperUTF8(text) as upper(text);
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LogQueryError(Exception):
    """The SQL can't be executed; the message says why."""


class UnknownTableError(LogQueryError):
    """The SQL reads a table that is not there; the message is its name."""


def run_log_query(
    sql: str, dialect: Dialect, tables: Mapping[str, tuple[Mapping[str, Any], Iterable[Mapping[str, Any]]]]
) -> list[dict[str, Any]]:
    """Execute one SELECT.

    Args:
        sql: the query.
        dialect: what it is written in.
        tables: by name, the structure of a row as DuckDB's from_json takes it, and the rows; `timestamp` is in
            microseconds of the epoch.

    Returns:
        Its rows; a point in time is microseconds of the epoch in bigquery, text in clickhouse.

    Raises:
        UnknownTableError: it reads another table.
        LogQueryError: it is no SELECT, is wrong, or takes too long.
    """
    query = _parse(sql, dialect)
    # A name behind a dot is a column that is unnested beside the table.
    named = [table for table in query.find_all(exp.Table) if isinstance(table.this, exp.Identifier) and not table.db]
    wanted = {table.name for table in named} - {common.alias for common in query.find_all(exp.CTE)}
    if missing := sorted(wanted - tables.keys()):
        raise UnknownTableError(missing[0])
    translated = _adapt(query, dialect).sql(dialect="duckdb")
    with duckdb.connect(config={"threads": 1, "memory_limit": "256MB"}) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(_MACROS)
        for name in wanted:
            _load(connection, name, *tables[name])
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        timer = threading.Timer(_LIMIT, connection.interrupt)
        timer.start()
        try:
            cursor = connection.execute(translated)
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchmany(_MOST_ROWS)
        except duckdb.InterruptException:
            raise LogQueryError(f"the query took more than {_LIMIT:.0f} s") from None
        except duckdb.Error as error:
            raise LogQueryError(str(error)) from error
        finally:
            timer.cancel()
    return [{name: _json(value, dialect) for name, value in zip(names, row, strict=True)} for row in rows]


def _parse(sql: str, dialect: Dialect) -> exp.Query:
    try:
        statements = sqlglot.parse(sql, dialect=dialect)
    except sqlglot.errors.SqlglotError as error:
        raise LogQueryError(f"the query can't be parsed: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise LogQueryError("one SELECT is expected")
    return statements[0]


def _adapt(query: exp.Query, dialect: Dialect) -> exp.Query:
    """Replace what sqlglot leaves as it is, the innermost first."""
    for node in reversed(list(query.walk())) if dialect == "clickhouse" else ():
        if isinstance(node, exp.Anonymous) and node.name.lower() == "multiif":
            *pairs, default = node.expressions
            branches = [exp.If(this=when, true=then) for when, then in zip(pairs[::2], pairs[1::2], strict=True)]
            node.replace(exp.Case(ifs=branches, default=default))
        elif isinstance(node, exp.Bracket) and node.this.name == "log_attributes":
            # A key that is not in the map is an empty text in ClickHouse.
            node.replace(exp.Coalesce(this=node.copy(), expressions=[exp.Literal.string("")]))
    return query


def _load(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    structure: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]],
) -> None:
    text, form = json.dumps(list(rows)), json.dumps([structure])
    connection.execute(
        f'create table "{name}" as select entry.* replace (make_timestamptz(entry.timestamp) as timestamp)'  # noqa: S608 - a known table's name
        " from (select unnest(from_json(?::json, ?)) as entry)",
        [text, form],
    )


def _json(value: Any, dialect: Dialect) -> Any:
    if isinstance(value, datetime):
        if dialect == "bigquery" and value.tzinfo:
            return (value - _EPOCH) // (_EPOCH.resolution)
        return value.replace(tzinfo=None).isoformat(" " if dialect == "clickhouse" else "T")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [_json(item, dialect) for item in value]
    if isinstance(value, dict):
        return {name: _json(item, dialect) for name, item in value.items()}
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
