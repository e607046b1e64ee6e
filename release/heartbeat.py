"""Keeps a step's lease while the step works, however long that takes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from release import lease
from release.database import DatabaseAddress, connect
from release.error import ReleaseError

_SECONDS = lease.LEASE_SECONDS / 4


@contextmanager
def heartbeat(address: DatabaseAddress, password: str, holder: str) -> Iterator[None]:
    """Renew the holder's lease now and then until the block ends.

    Each time with a session of its own: the step's may wait for a lock just then, and a pool has few.

    Args:
        address: the database's.
        password: of the address's user.
        holder: who has the lease.
    """
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(_SECONDS):
            try:
                with connect(address, password) as connection:
                    lease.renew(connection, holder)
            except (ReleaseError, psycopg.Error):
                continue  # the next beat comes in time; a step that lost its lease finds out before it writes

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
