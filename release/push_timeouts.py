"""How long a migration's statement may wait and run, with every later statement of users queuing behind its locks."""

from dataclasses import dataclass

from release.database import DatabaseAddress, connect
from release.error import ReleaseError


@dataclass(frozen=True, kw_only=True)
class PushTimeouts:
    """The limits of each statement of a migration.

    Attributes:
        lock_seconds: for each lock that it waits for.
        statement_seconds: from its start to its end, waiting included.
    """

    lock_seconds: int
    statement_seconds: int

    @property
    def options(self) -> str:
        """Give the value of PGOPTIONS that sets them in a session."""
        return f"-c lock_timeout={self.lock_seconds}s -c statement_timeout={self.statement_seconds}s"


def assert_timeouts(address: DatabaseAddress, password: str, timeouts: PushTimeouts) -> None:
    """Prove that a session opened as the CLI opens its own really has the timeouts.

    A pooler may drop the options of a session without a word; a migration would then wait without end.

    Raises:
        ReleaseError: it has others, or the database can't be used.
    """
    wanted = {"lock_timeout": timeouts.lock_seconds, "statement_timeout": timeouts.statement_seconds}
    with connect(address, password, options=timeouts.options) as connection:
        rows = connection.execute(
            "select name, setting::bigint as milliseconds from pg_settings where name = any (%s)", [list(wanted)]
        ).fetchall()
    found = {str(row["name"]): int(row["milliseconds"]) for row in rows}
    for name, seconds in wanted.items():
        milliseconds = found.get(name, 0)
        if not 0 < milliseconds <= seconds * 1000:
            raise ReleaseError(
                f"Sessions at {address.host}:{address.port} do not take a {name} of {seconds} s (they have"
                f" {milliseconds} ms, 0 being none), so a migration could stop every reader. Nothing was applied."
                f" Remedy: alter role postgres set {name} = '{seconds}s', which holds for every session."
            )
