"""The role that reads production: PostgreSQL itself lets it see the ruled columns and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql

from ops.anonymise.catalogue import Table
from release.database import Connection, DatabaseAddress, connect
from release.error import ReleaseError

ROLE = "refresh_reader"
_SCHEMA = "refresh_reader"
# The role belongs to whoever made it; without its own rights granted to that one, nobody could take them back.
_MAKE = """
create role {role} nologin bypassrls connection limit 0;
grant {role} to current_user with inherit true, set true;
"""
_SESSION = """
set application_name = 'refresh-staging';
set datestyle = 'ISO';
set timezone = 'UTC';
set client_encoding = 'UTF8';
set bytea_output = 'hex';
set extra_float_digits = 1;
set statement_timeout = 0;
set idle_in_transaction_session_timeout = 0;
"""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A session that sees one moment of production, as the role that may read the ruled columns.

    Attributes:
        connection: the session, in a transaction that only reads.
        relations: of each table, what to select from.
    """

    connection: Connection
    relations: Mapping[str, sql.Composable]


def prepare(connection: Connection) -> None:
    """Let a session write values in one way on every server, and take the time that it needs."""
    for statement in _SESSION.strip().splitlines():
        connection.execute(statement.encode())


@contextmanager
def reading(
    owner: Connection, address: DatabaseAddress, password: str, columns: Sequence[tuple[Table, Sequence[str]]]
) -> Iterator[Reading]:
    """Make the role, read as it, and remove it.

    What a run that was killed left is removed first.

    Args:
        owner: a session of production that may make roles.
        address: where to read.
        password: of the address's user.
        columns: what may be read, of each table.

    Raises:
        ReleaseError: the role can't be made, or can't be removed.
    """
    remove(owner)
    try:
        relations = _grant(owner, columns)
    except psycopg.errors.InsufficientPrivilege as error:
        remove(owner)
        raise ReleaseError(
            f"The role that reads production can't be made: {error.diag.message_primary}. Nothing was read."
            " Remedy: connect as a role with CREATEROLE and BYPASSRLS that may grant SELECT on the copied tables, as"
            " the platform's postgres may."
        ) from error
    try:
        with connect(address, password) as connection:
            prepare(connection)
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(ROLE)))
            with connection.transaction():
                connection.execute("set transaction isolation level repeatable read, read only")
                yield Reading(connection=connection, relations=relations)
    except BaseException:
        with suppress(psycopg.Error):  # the first error is the one to tell of; the next run removes the role
            remove(owner)
        raise
    try:
        remove(owner)
    except psycopg.Error as error:
        raise ReleaseError(
            f"Staging has its new rows, but role {ROLE} could not be removed from production"
            f" ({type(error).__name__}). Nobody can log in as it. Remedy: the next refresh removes it."
        ) from error


def remove(owner: Connection) -> None:
    """Remove the role and its rights; without effect where it does not exist."""
    with owner.transaction():
        owner.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(_SCHEMA)))
        if owner.execute("select from pg_roles where rolname = %s", [ROLE]).fetchone() is not None:
            role = sql.Identifier(ROLE)
            owner.execute(sql.SQL("drop owned by {}").format(role))
            owner.execute(sql.SQL("drop role {}").format(role))


def _grant(owner: Connection, columns: Sequence[tuple[Table, Sequence[str]]]) -> dict[str, sql.Composable]:
    """Grant what may be read, and give what to select from.

    The platform lets nobody pass on the use of its schema auth. There a view of the ruled columns, made by who may
    read the table, takes the table's place; the role sees no more through it.
    """
    role = sql.Identifier(ROLE)
    relations: dict[str, sql.Composable] = {}
    with owner.transaction():
        for statement in _MAKE.strip().splitlines():
            owner.execute(sql.SQL(statement).format(role=role))
        for table, names in columns:
            listed = sql.SQL(", ").join(map(sql.Identifier, names))
            relation = sql.Identifier(table.schema, table.table)
            schema = sql.Identifier(table.schema)
            if not _passes_on(owner, table.schema):
                view = sql.Identifier(_SCHEMA, table.name)
                owner.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(_SCHEMA)))
                owner.execute(sql.SQL("create view {} as select {} from {}").format(view, listed, relation))
                relation, schema = view, sql.Identifier(_SCHEMA)
            owner.execute(sql.SQL("grant usage on schema {} to {}").format(schema, role))
            owner.execute(sql.SQL("grant select ({}) on {} to {}").format(listed, relation, role))
            _check_granted(owner, table, relation, names)
            relations[table.name] = relation
    return relations


def _check_granted(owner: Connection, table: Table, relation: sql.Composable, names: Sequence[str]) -> None:
    """Make sure that a grant granted something: PostgreSQL only warns where it did not."""
    query = "select bool_and(has_column_privilege(%s, %s, name, 'select')) as may from unnest(%s::text[]) name"
    row = owner.execute(query, [ROLE, relation.as_string(owner), list(names)]).fetchone()
    if not (row and row["may"]):
        raise ReleaseError(
            f"The role that reads production can't be let read {table.name}, as who connects may not pass that right"
            " on. Nothing was read. Remedy: connect as the table's owner, or skip the table."
        )


def _passes_on(owner: Connection, schema: str) -> bool:
    row = owner.execute("select has_schema_privilege(%s, 'usage with grant option') as may", [schema]).fetchone()
    return bool(row and row["may"])
