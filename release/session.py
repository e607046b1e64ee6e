"""A release command's hold on its project: identity checked, lease taken, results noted."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import errors
from psycopg.rows import DictRow

from release import lease
from release.credentials import read_credential
from release.database import Connection, DatabaseAddress, connect, find_database
from release.error import ReleaseError
from release.heartbeat import heartbeat
from release.live_state import MANIFEST_QUERY, MARKER_QUERY, ManifestRow, read_manifest
from release.management_api import ManagementApi
from release.project_schema import SCHEMA
from release.target import Target, read_target


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a release command works with.

    Attributes:
        target: the project.
        api: its Management API.
        connection: a session of its database.
        address, password: for tools that open sessions of their own.
        holder: who holds the lease.
    """

    target: Target
    api: ManagementApi
    connection: Connection
    address: DatabaseAddress
    password: str
    holder: str
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def rows(self, query: str) -> list[DictRow]:
        """Run a query that has no parameters and give its rows."""
        return self.connection.execute(query.encode()).fetchall()

    def manifest(self) -> dict[str, ManifestRow]:
        """Read what earlier releases noted."""
        return read_manifest(self.rows(MANIFEST_QUERY))

    def note(self, part: str, row: ManifestRow, *, seconds: float, version: int | None = None) -> None:
        """Write a part's manifest row, if the lease is still ours; several threads may.

        Raises:
            ReleaseError: the lease was lost.
        """
        with self._writing, self.connection.transaction():
            fencing = lease.check(self.connection, self.holder)
            self.connection.execute(
                """
                insert into release.manifest (part, source, live, token, version, seconds, fencing)
                values (%s, %s, %s, %s, %s, %s, %s)
                on conflict (part) do update set
                  source = excluded.source, live = excluded.live, token = excluded.token, version = excluded.version,
                  seconds = excluded.seconds, fencing = excluded.fencing, updated_at = now()
                """,
                [part, row.source, row.live, row.token, version, round(seconds, 3), fencing],
            )

    def forget(self, part: str) -> None:
        """Remove a part's manifest row, if the lease is still ours."""
        with self._writing, self.connection.transaction():
            lease.check(self.connection, self.holder)
            self.connection.execute("delete from release.manifest where part = %s", [part])

    def bring_up_to_date(self) -> None:
        """Give the schema `release` what a newer version of this project keeps there."""
        with self.connection.transaction():
            _apply_schema(self.connection)

    def free_lease(self) -> None:
        """Let the next release begin."""
        lease.free(self.connection, self.holder)


@contextmanager
def open_session(target: Target | None = None, *, adopt: bool = False) -> Iterator[Session]:
    """Check that the project is the one that the stack declares, and take its lease.

    Args:
        target: the project; the one that the stack's variables name where there is none.
        adopt: accept a database without a marker, and mark it. Only the step that creates or adopts a project does.

    Raises:
        ReleaseError: wrong project, no marker, or another release is under way; nothing was written.
    """
    target = target or read_target(os.environ)
    token = read_credential("SUPABASE_ACCESS_TOKEN", target.stack)
    password = read_credential("SUPABASE_DB_PASSWORD", target.stack)
    with ManagementApi(target, token) as api:
        check_project(target, api.project())
        address = find_database(api)
        with connect(address, password) as connection:
            if adopt:
                _mark(connection, target)
            check_marker(target, read_marker(connection))
            holder = lease.name_holder()
            lease.hold(connection, holder)
            with heartbeat(address, password, holder):
                yield Session(
                    target=target, api=api, connection=connection, address=address, password=password, holder=holder
                )


def check_project(target: Target, project: dict[str, object]) -> None:
    """Hold what the platform says of the ref against what the stack declares.

    Raises:
        ReleaseError: it is another project.
    """
    found = (project.get("ref") or project.get("id"), project.get("name"), project.get("organization_slug"))
    expected = (target.ref, target.name, target.organization)
    # Older answers carry the organisation only as `organization_id`, which for newer ones is the slug as well.
    if found[2] is None:
        found = (*found[:2], project.get("organization_id"))
    if found != expected:
        raise ReleaseError(
            f"Wrong target: stack {target.stack} declares project {expected}, and {target.api_host} answers {found}"
            " (ref, name, organisation). Nothing was written. Remedy: correct the stack file, or the project's name."
        )


def _mark(connection: Connection, target: Target) -> None:
    with connection.transaction():
        _apply_schema(connection)
        connection.execute(
            "insert into release.marker (ref, name, organization, api_host, stack) values (%s, %s, %s, %s, %s)"
            " on conflict (single) do nothing",
            [target.ref, target.name, target.organization, target.api_host, target.stack],
        )


def _apply_schema(connection: Connection) -> None:
    # Two at once would collide in PostgreSQL's catalogue even with `if not exists`.
    connection.execute("select pg_advisory_xact_lock(hashtext('release.schema'))")
    connection.execute(SCHEMA)


def read_marker(connection: Connection) -> Mapping[str, object] | None:
    """Read what the database says it is; None where it says nothing."""
    try:
        return connection.execute(MARKER_QUERY).fetchone()
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        return None


def check_marker(target: Target, marker: Mapping[str, object] | None) -> None:
    """Hold what the database says it is against what the stack declares.

    Raises:
        ReleaseError: it carries no marker, or another project's.
    """
    if marker is None:
        raise ReleaseError(
            f"The database of project {target.ref} carries no marker, so it may not be the one that stack"
            f" {target.stack} released to: it may have been reset or restored. Nothing was written. Remedy: look at it;"
            " if it is the right one, adopt it: pulumi up --replace with the URN of the resource `target`."
        )
    expected = {
        "ref": target.ref,
        "name": target.name,
        "organization": target.organization,
        "api_host": target.api_host,
    }
    wrong = [f"{key} is {marker.get(key)}, not {value}" for key, value in expected.items() if marker.get(key) != value]
    if wrong:
        raise ReleaseError(
            f"Wrong target: by its marker the database belongs to another project ({'; '.join(wrong)})."
            " Nothing was written. Remedy: check the stack file and where the database was restored from."
        )
