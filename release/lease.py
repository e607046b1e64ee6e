"""One release at a time per project: a lease in the project's own database."""

import getpass
import re
import socket

import psutil
from psycopg.rows import DictRow

from release.database import Connection
from release.error import ReleaseError

# A holder of another machine that vanished is waited for this long; one that works renews its lease meanwhile.
LEASE_SECONDS = 120


def name_holder() -> str:
    """Name who holds the lease: the engine that this process works for, or this process itself.

    Every command of one `pulumi up` gives the same name, and no other run does, on whatever machine.
    """
    process = psutil.Process()
    engine = next((parent for parent in process.parents() if parent.name() == "pulumi"), process)
    return f"{getpass.getuser()}@{socket.gethostname()} process {engine.pid} begun {_begun(engine)} s after the system"


def hold(connection: Connection, holder: str) -> int:
    """Take the lease, or renew it where `holder` has it already.

    Returns:
        The fencing token: it grows each time that the lease changes hands.

    Raises:
        ReleaseError: somebody else is releasing.
    """
    over = None
    while (fencing := _take(connection, holder, over=over)) is None:
        current = _current(connection)
        # A holder that was killed can't come back; waiting for its lease to expire would help nobody. And a step of
        # this same run, begun together with this one, may just have taken it over.
        if current and current["holder"] != holder and not _is_dead(current["holder"]):
            raise ReleaseError(
                f"Another release is under way: {current['holder']}"
                f" (until {current['expires_at']:%H:%M:%S} UTC unless it goes on). This one changed nothing."
                " Remedy: wait for it, then run `pulumi up` again."
            )
        over = current["holder"] if current else None
    return fencing


def check(connection: Connection, holder: str) -> int:
    """Make sure, inside the caller's transaction, that `holder` still has the lease, and renew it.

    Returns:
        The fencing token.

    Raises:
        ReleaseError: it was lost, so somebody else may be writing.
    """
    fencing = renew(connection, holder)
    if fencing is None:
        raise ReleaseError(
            "The lease of this release was lost while a step ran, so its result was not noted."
            " Remedy: run `pulumi up` again; it does over what is in doubt."
        )
    return fencing


def renew(connection: Connection, holder: str) -> int | None:
    """Put off the end of a lease that `holder` still has; gives the fencing token, None where it was lost."""
    row = connection.execute(
        "update release.lease set expires_at = now() + make_interval(secs => %s)"
        " where holder = %s and expires_at > now() returning fencing",
        [LEASE_SECONDS, holder],
    ).fetchone()
    return int(row["fencing"]) if row else None


def free(connection: Connection, holder: str) -> None:
    """Give the lease back; without effect where `holder` does not have it."""
    connection.execute("update release.lease set expires_at = now() where holder = %s", [holder])


def _take(connection: Connection, holder: str, *, over: str | None) -> int | None:
    row = connection.execute(
        """
        insert into release.lease as lease (holder, fencing, acquired_at, expires_at)
        values (%(holder)s, 1, now(), now() + make_interval(secs => %(seconds)s))
        on conflict (single) do update set
          holder = excluded.holder,
          fencing = lease.fencing + case when lease.holder = excluded.holder then 0 else 1 end,
          acquired_at = case when lease.holder = excluded.holder then lease.acquired_at else now() end,
          expires_at = excluded.expires_at
        where lease.holder in (excluded.holder, %(over)s) or lease.expires_at <= now()
        returning fencing
        """,
        {"holder": holder, "seconds": LEASE_SECONDS, "over": over},
    ).fetchone()
    return int(row["fencing"]) if row else None


def _current(connection: Connection) -> DictRow | None:
    return connection.execute("select holder, expires_at from release.lease").fetchone()


def _is_dead(holder: str) -> bool:
    match = re.fullmatch(r"\S+@(?P<host>\S+) process (?P<pid>\d+) begun (?P<begun>[\d.]+) s after the system", holder)
    if not match or match["host"] != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(match["pid"]))
        # A container's first process is often one that never asks how those left to it ended.
        return process.status() == psutil.STATUS_ZOMBIE or _begun(process) != match["begun"]
    except psutil.NoSuchProcess:
        return True


def _begun(process: psutil.Process) -> str:
    # By the time of day it would be another one for each step when the system's clock is set meanwhile.
    return f"{process.create_time() - psutil.Process(1).create_time():.2f}"
