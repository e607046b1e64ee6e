"""Production, as a refresh holds it: proven to be it, and only read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ops.anonymise.reader_role import prepare
from release.credentials import read_credential
from release.database import Connection, DatabaseAddress, connect, find_database
from release.management_api import ManagementApi
from release.session import check_marker, check_project, read_marker
from release.target import Target


@dataclass(frozen=True, kw_only=True)
class Source:
    """The production whose rows are taken.

    Attributes:
        connection: a session of role postgres, which makes the role that reads and takes it away; no more.
        address, password: for the session that reads.
    """

    connection: Connection
    address: DatabaseAddress
    password: str


@contextmanager
def open_source(target: Target) -> Iterator[Source]:
    """Check that a project is the one that its stack declares, and open a session.

    No lease is taken: nothing is released there, and nothing is written but the role.

    Raises:
        ReleaseError: wrong project, or no marker.
    """
    password = read_credential("SUPABASE_DB_PASSWORD", target.stack)
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", target.stack)) as api:
        check_project(target, api.project())
        address = find_database(api)
    with connect(address, password) as connection:
        prepare(connection)
        check_marker(target, read_marker(connection))
        yield Source(connection=connection, address=address, password=password)
