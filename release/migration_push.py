"""Applies the pending migrations, and proves that they are applied."""

import sys
import time

import psycopg

from release.backend_source import BackendSource
from release.database import Connection
from release.error import ReleaseError
from release.live_state import LEDGER_QUERY, ManifestRow, digest_ledger
from release.lock_timeout import assert_lock_timeout, push_options
from release.migration_source import Migration
from release.plan import digest_migrations
from release.session import Session
from release.supabase_cli import copied_backend, run_cli

# One key for all releases: the CLI takes no lock of its own, and two pushes at once race for the ledger.
_PUSH_LOCK = 0x72656C65
# Seconds between tries for a lock that somebody holds: with the timeouts between them, half a minute and more.
_LOCK_PAUSES = (1, 2, 4, 8)
_LOCK_NOT_AVAILABLE = psycopg.errors.LockNotAvailable.sqlstate


def read_versions(connection: Connection) -> list[str]:
    """Read the versions that the database says are applied; none where there is no ledger yet."""
    try:
        return [str(row["version"]) for row in connection.execute(LEDGER_QUERY).fetchall()]
    except psycopg.errors.UndefinedTable:
        return []


def push_migrations(session: Session, backend: BackendSource, *, token: str, lock_timeout_seconds: int) -> list[str]:
    """Run `supabase db push`, then compare the ledger with the files.

    Args:
        session: the open release.
        backend: the sources.
        token: the token to note.
        lock_timeout_seconds: how long a statement may wait for a lock, with users' statements queuing behind it.

    Returns:
        The file names applied now.

    Raises:
        ReleaseError: a migration failed (its file, statement and the database's message), or the ledger lacks one.
    """
    started = time.monotonic()
    before = set(read_versions(session.connection))
    pending = [migration for migration in backend.migrations if migration.version not in before]
    if pending:
        session.connection.execute("select pg_advisory_lock(%s)", [_PUSH_LOCK])
        try:
            _push(session, backend, pending, lock_timeout_seconds)
        finally:
            session.connection.execute("select pg_advisory_unlock(%s)", [_PUSH_LOCK])
    ledger = read_versions(session.connection)
    missing = [migration.file_name for migration in backend.migrations if migration.version not in set(ledger)]
    if missing:
        raise ReleaseError(
            f"The push reported success, but the ledger lacks {', '.join(missing)}: such a file ends the transaction"
            " that the CLI wraps it in (commit, rollback). What it did before may remain. Remedy: take the"
            " transaction control out of the file, repair what remains by hand, then `pulumi up`."
        )
    if pending:
        _refuse_invalid_indexes(session.connection)
    session.note(
        "migrations",
        ManifestRow(source=digest_migrations(backend), live=digest_ledger(ledger), token=token),
        seconds=time.monotonic() - started,
    )
    return [migration.file_name for migration in pending]


def _refuse_invalid_indexes(connection: Connection) -> None:
    # A concurrent build that failed leaves its index behind, and `if not exists` is content with it ever after.
    rows = connection.execute(
        "select indexrelid::regclass::text as name from pg_index where not indisvalid order by 1"
    ).fetchall()
    if rows:
        names = ", ".join(str(row["name"]) for row in rows)
        raise ReleaseError(
            f"The migrations are applied, but these indexes were not finished and serve no query: {names}."
            " Remedy: drop index concurrently, build it again by hand, then `pulumi up`."
        )


def _push(session: Session, backend: BackendSource, pending: list[Migration], lock_timeout_seconds: int) -> None:
    assert_lock_timeout(session.address, session.password, lock_timeout_seconds)
    files = [
        "supabase/config.toml",
        *(f"supabase/migrations/{migration.file_name}" for migration in backend.migrations),
    ]
    with copied_backend(backend.directory, files) as folder:
        for pause in (*_LOCK_PAUSES, None):
            answer = run_cli(
                ["db", "push", f"--remote={session.address.url}"],
                folder=folder,
                environment={"PGPASSWORD": session.password, "PGOPTIONS": push_options(lock_timeout_seconds)},
            )
            if answer.succeeded:
                return
            if pause is None or f"(SQLSTATE {_LOCK_NOT_AVAILABLE})" not in answer.message:
                break
            # The file was rolled back whole; whoever queued behind it goes on while this waits.
            sys.stdout.write(f"a lock was not free within {lock_timeout_seconds} s; trying again in {pause} s\n")
            sys.stdout.flush()
            time.sleep(pause)
    ledger = set(read_versions(session.connection))
    applied = [migration.file_name for migration in pending if migration.version in ledger]
    failed = next((migration for migration in pending if migration.version not in ledger), None)
    # The CLI names the statement, and the file only among its progress; one file is one transaction.
    subject = f"Migration {failed.file_name}" if failed and answer.code == "DbPushApplyError" else "The push"
    raise ReleaseError(
        f"{subject} failed: {answer.message.replace(session.password, '***').strip()}\n"
        f"It was rolled back; applied before it: {', '.join(applied) or 'none'}. No function was touched."
        " Remedy: correct the file, then `pulumi up`."
    )
