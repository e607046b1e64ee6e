"""How long a migration may wait for a lock, with every later statement of users queuing behind it."""

from release.database import DatabaseAddress, connect
from release.error import ReleaseError


def push_options(seconds: int) -> str:
    """Give the value of PGOPTIONS that sets the timeout in a session."""
    return f"-c lock_timeout={seconds}s"


def assert_lock_timeout(address: DatabaseAddress, password: str, seconds: int) -> None:
    """Prove that a session opened as the CLI opens its own really has the timeout.

    A pooler may drop the options of a session without a word; a migration would then wait without end.

    Raises:
        ReleaseError: it has another one, or the database can't be used.
    """
    with connect(address, password, options=push_options(seconds)) as connection:
        row = connection.execute(
            "select setting::bigint as milliseconds from pg_settings where name = 'lock_timeout'"
        ).fetchone()
    milliseconds = int(row["milliseconds"]) if row else 0
    if not 0 < milliseconds <= seconds * 1000:
        raise ReleaseError(
            f"Sessions at {address.host}:{address.port} do not take a lock timeout of {seconds} s (they have"
            f" {milliseconds} ms, 0 being none), so a migration that waits could stop every reader. Nothing was"
            f" applied. Remedy: alter role postgres set lock_timeout = '{seconds}s', which holds for every session."
        )
