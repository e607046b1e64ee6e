"""Brings an environment back to an earlier release."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from release import archive
from release.error import ReleaseError
from release.live_state import LEDGER_QUERY, KnownHashes, ManifestRow, digest_ledger
from release.record import Record, append, current
from release.restore import describe_live, find_changed, restore_functions
from release.session import Session
from release.undo import Undo, read_undo, undo_migration
from release.validation import check_with_archived_tests


@dataclass(frozen=True, kw_only=True)
class RollbackPlan:
    """From which release to which, by the records alone.

    Attributes:
        left: what is rolled back.
        target: what is live afterwards.
        newer: functions that the target did not have; they stay live, since callers may have come to need them.
        undo: versions to undo, the newest first; empty where migrations stay.
        staying: versions that the target did not have and that stay.
    """

    left: Record
    target: Record
    newer: tuple[str, ...]
    undo: tuple[str, ...]
    staying: tuple[str, ...]


def plan_rollback(
    records: Sequence[Record], hashes: KnownHashes, *, to: int | None, with_migrations: bool
) -> RollbackPlan:
    """Decide what a rollback does.

    Args:
        records: the project's, oldest first.
        hashes: what they say of hashes; none that is on hold is gone back to unasked.
        to: the number of the record to go back to; None for the one before.
        with_migrations: whether to undo the migrations that came since.

    Raises:
        ReleaseError: there is nothing to go back to.
    """
    left = current(records)
    if left is None:
        raise ReleaseError("Nothing was released here yet, so there is nothing to roll back. Remedy: none is needed.")
    earlier = [record for record in records if record.number < left.number and record.kind != "failed"]
    if to is None:
        fitting = [record for record in earlier if record.digest != left.digest and record.digest not in hashes.held]
    else:
        fitting = [record for record in earlier if record.number == to]
    if not fitting:
        known = ", ".join(str(record.number) for record in earlier) or "none"
        raise ReleaseError(
            f"There is no {f'release {to}' if to else 'other release'} before {left.number} to go back to. Nothing was"
            f" changed. Remedy: `python -m ops history` lists the records; these were live before: {known}."
        )
    target = fitting[-1]
    since = tuple(sorted(set(left.migrations) - set(target.migrations), reverse=True))
    if with_migrations and (lost := [version for version in since if version not in left.undo]):
        raise ReleaseError(
            f"Migrations {', '.join(lost)} were released without an undo script, so they can't be undone. Nothing was"
            " changed. Remedy: leave out --migrations, and undo them in a new migration."
        )
    return RollbackPlan(
        left=left,
        target=target,
        newer=tuple(sorted(set(left.functions) - set(target.functions))),
        undo=since if with_migrations else (),
        staying=() if with_migrations else since,
    )


def refuse_outdated(agreed: RollbackPlan, records: Sequence[Record]) -> None:
    """Refuse a plan that was agreed to before something else was released: that may be the repair.

    Raises:
        ReleaseError: another release is live by now.
    """
    newest = current(records)
    if newest is None or newest.number != agreed.left.number:
        now = f"{newest.kind} {newest.number}" if newest else "nothing"
        raise ReleaseError(
            f"What was to be left is release {agreed.left.number}, and by now {now} is live. Nothing was changed."
            " Remedy: look at it again, and roll back anew if it has to be."
        )


def roll_back(
    session: Session, plan: RollbackPlan, *, reason: str, lock_timeout_seconds: int, smoke_seconds: int
) -> tuple[int, bool]:
    """Put the target's functions live, then undo migrations, then try it, and put a hold on what is left.

    The functions come first: older code runs on the newer schema, as it did while that was released, and newer code
    would not run on the older one. Run again after a failure, it goes on where it stopped.

    Args:
        session: the open release.
        plan: what to do.
        reason: goes on record.
        lock_timeout_seconds: how long a statement may wait for a lock.
        smoke_seconds: how long the target's smoke tests may take.

    Returns:
        The record's number, and whether the target's own smoke tests pass.

    Raises:
        ReleaseError: it could not be done as a whole; the text says what is live.
    """
    undos = [
        read_undo(version, archive.fetch(session.connection, plan.left.undo[version]).decode()) for version in plan.undo
    ]
    if plan.left.digest != plan.target.digest:
        _hold(session, plan.left, reason)
    _restore(session, plan)
    copies = _undo(session, plan, undos, lock_timeout_seconds)
    tried = check_with_archived_tests(session, plan.target.smoke, deadline_seconds=smoke_seconds)
    _say(tried)
    ledger = [str(row["version"]) for row in session.rows(LEDGER_QUERY)]
    number = append(
        session,
        kind="rollback",
        digest=plan.target.digest,
        tree=plan.target.tree,
        directory=Path.cwd(),
        migrations=ledger,
        functions={**plan.target.functions, **{slug: plan.left.functions[slug] for slug in plan.newer}},
        smoke=plan.target.smoke,
        undo={version: digest for version, digest in plan.left.undo.items() if version in ledger},
        reason=reason,
        report={"left": plan.left.number, "target": plan.target.number, "copies": copies, "smoke": tried},
    )
    session.free_lease()
    return number, tried.endswith("pass.")


def clear_holds(session: Session) -> list[str]:
    """Lift every hold; gives the release hashes that may be released again."""
    rows = session.connection.execute("delete from release.hold returning digest").fetchall()
    session.free_lease()
    return [str(row["digest"]) for row in rows]


def _hold(session: Session, left: Record, reason: str) -> None:
    session.connection.execute(
        "insert into release.hold (digest, record, reason, held_by) values (%s, %s, %s, current_user)"
        " on conflict (digest) do update set record = excluded.record, reason = excluded.reason, held_at = now()",
        [left.digest, left.number, reason],
    )


def _restore(session: Session, plan: RollbackPlan) -> None:
    wanted = plan.target.functions
    changed = {slug: wanted[slug] for slug in find_changed(session, wanted)}
    if changed:
        _say(f"restoring {', '.join(changed)}")
    cause = f"rollback of {plan.left.number} to {plan.target.number}"
    failed = {slug: error for slug, error in restore_functions(session, changed, cause=cause).items() if error}
    if failed:
        known = {f"as in release {record.number}": record.functions for record in (plan.target, plan.left)}
        lines = [
            f"Not every function is that of release {plan.target.number} again:",
            *(f"  {slug}: {error}" for slug, error in failed.items()),
            "Live now:",
            *(f"  {line}" for line in describe_live(session, known)),
            "No migration was undone. Remedy: run the same rollback again; it goes on from here.",
        ]
        raise ReleaseError("\n".join(lines))


def _undo(session: Session, plan: RollbackPlan, undos: Sequence[Undo], lock_timeout_seconds: int) -> list[str]:
    """Undo the migrations and say where what they destroy can be found."""
    applied = {str(row["version"]) for row in session.rows(LEDGER_QUERY)}
    pending = [undo for undo in undos if undo.version in applied]
    if not pending:
        return []
    copy_to: str | None = f"before_{plan.left.number}"
    if any(undo.tables for undo in pending) and session.api.has_restore_points():
        name = f"rollback-{plan.left.number}"
        session.api.create_restore_point(name)
        _say(f"the platform can bring the database back to restore point {name}")
        copy_to = None
    copies = []
    for undo in pending:
        made = undo_migration(session, undo, copy_to=copy_to, lock_timeout_seconds=lock_timeout_seconds)
        copies += made
        _say(f"undone: {undo.version}" + (f", what it destroys is kept in {', '.join(made)}" if made else ""))
    remaining = [str(row["version"]) for row in session.rows(LEDGER_QUERY)]
    token = hashlib.sha256(f"rollback of {plan.left.number} to {plan.target.number}".encode()).hexdigest()[:16]
    # The sources are of no tree that is at hand, so that the next `up` compares anew.
    session.note("migrations", ManifestRow(source="rolled back", live=digest_ledger(remaining), token=token), seconds=0)
    return copies


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
