"""Writes an item of a release's checklist down."""

from release import lease
from release.session import Session


def note_item(session: Session, digest: str, item: str, *, passed: bool, told: str, by: str) -> None:
    """Write an item down in place of what was known of it, if the lease is still ours.

    Raises:
        ReleaseError: the lease was lost.
    """
    with session.connection.transaction():
        lease.check(session.connection, session.holder)
        session.connection.execute(
            """
            insert into release.checklist (digest, item, passed, told, checked_by) values (%s, %s, %s, %s, %s)
            on conflict (digest, item) do update set
              passed = excluded.passed, told = excluded.told, checked_by = excluded.checked_by, checked_at = now()
            """,
            [digest, item, passed, told, by],
        )
