"""Applies the pending migrations, and proves that they are applied."""

import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import psycopg
from psycopg.errors import LockNotAvailable, QueryCanceled, UndefinedTable

from release.backend_source import BackendSource
from release.database import Connection
from release.error import ReleaseError
from release.live_state import LEDGER_QUERY, ManifestRow, digest_ledger
from release.lock_holders import describe_holders, read_clock
from release.migration_source import Migration
from release.plan import digest_migrations
from release.push_timeouts import PushTimeouts, assert_timeouts
from release.session import Session
from release.supabase_cli import CliAnswer, copied_backend, run_cli

# One key for all releases: the CLI takes no lock of its own, and two pushes at once race for the ledger.
_PUSH_LOCK = 0x72656C65
# Seconds between tries for a lock that somebody holds: with the timeouts between them, half a minute and more.
_LOCK_PAUSES = (1, 2, 4, 8)
_WATCH_SECONDS = 0.2
# Of errors that are no file's: connection, resources, an operator's intervention, the system, PostgreSQL itself.
_NOT_THE_FILES = {"08", "53", "57", "58", "XX"}


def read_versions(connection: Connection) -> list[str]:
    """Read the versions that the database says are applied; none where there is no ledger yet."""
    try:
        return [str(row["version"]) for row in connection.execute(LEDGER_QUERY).fetchall()]
    except UndefinedTable:
        return []


def push_migrations(session: Session, backend: BackendSource, *, token: str, timeouts: PushTimeouts) -> list[str]:
    """Run `supabase db push`, then compare the ledger with the files.

    Args:
        session: the open release.
        backend: the sources.
        token: the token to note.
        timeouts: how long a statement may wait for a lock, with users' statements queuing behind it, and run.

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
            _push(session, backend, pending, timeouts)
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
    if names := _invalid_indexes(connection):
        raise ReleaseError(
            f"The migrations are applied, but these indexes were not finished and serve no query: {names}."
            " Remedy: drop index concurrently, build it again by hand, then `pulumi up`."
        )


def _invalid_indexes(connection: Connection) -> str:
    rows = connection.execute(
        "select indexrelid::regclass::text as name from pg_index where not indisvalid order by 1"
    ).fetchall()
    return ", ".join(str(row["name"]) for row in rows)


def _push(session: Session, backend: BackendSource, pending: list[Migration], timeouts: PushTimeouts) -> None:
    assert_timeouts(session.address, session.password, timeouts)
    files = [
        "supabase/config.toml",
        *(f"supabase/migrations/{migration.file_name}" for migration in backend.migrations),
    ]
    newest = max(read_versions(session.connection), default="")
    # Without it the CLI refuses what comes late; the gate has accepted it, and the preview has named it.
    late = ["--include-all"] if any(migration.version < newest for migration in pending) else []
    command = ["db", "push", *late, f"--remote={session.address.url}"]
    environment = {"PGPASSWORD": session.password, "PGOPTIONS": timeouts.options}
    holders: tuple[str, ...] = ()
    with copied_backend(backend.directory, files) as folder:
        for pause in (*_LOCK_PAUSES, None):
            answer, seen = _watched(
                session.connection, lambda: run_cli(command, folder=folder, environment=environment)
            )
            holders = seen or holders
            if answer.succeeded:
                return
            if pause is None or not _ended_by(answer, LockNotAvailable):
                break
            # The file was rolled back whole; whoever queued behind it goes on while this waits.
            held = f", held by {', '.join(holders)}" if holders else ""
            sys.stdout.write(f"a lock was not free within {timeouts.lock_seconds} s{held}; trying again in {pause} s\n")
            sys.stdout.flush()
            time.sleep(pause)
    raise ReleaseError(_describe_failure(session, pending, answer, timeouts, holders))


def _watched(connection: Connection, push: Callable[[], CliAnswer]) -> tuple[CliAnswer, tuple[str, ...]]:
    """Run a push, and give with its answer whom it waited for last."""
    holders: tuple[str, ...] = ()
    started = read_clock(connection)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(push)
        while not wait([answer], timeout=_WATCH_SECONDS).done:
            holders = describe_holders(connection, started) or holders
        return answer.result(), holders


def _ended_by(answer: CliAnswer, error: type[psycopg.Error]) -> bool:
    return f"(SQLSTATE {error.sqlstate})" in answer.message


def _was_interrupted(answer: CliAnswer) -> bool:
    state = re.search(r"\(SQLSTATE (\w{2})\w{3}\)", answer.message)
    return answer.in_doubt or (state is not None and state[1] in _NOT_THE_FILES)


def _describe_failure(
    session: Session,
    pending: list[Migration],
    answer: CliAnswer,
    timeouts: PushTimeouts,
    holders: tuple[str, ...],
) -> str:
    ledger = set(read_versions(session.connection))
    applied = [migration.file_name for migration in pending if migration.version in ledger]
    failed = next((migration for migration in pending if migration.version not in ledger), None)
    # The CLI names the statement, and the file only among its progress; one file is one transaction.
    subject = f"Migration {failed.file_name}" if failed and answer.code == "DbPushApplyError" else "The push"
    reason = answer.message.replace(session.password, "***").strip()
    headline, left = f"{subject} failed", "It was rolled back; applied before it"
    remedy = "correct the file, then `pulumi up`"
    if _ended_by(answer, LockNotAvailable):
        who = ", ".join(holders) or "somebody who was gone before this could look"
        reason = (
            f"in {len(_LOCK_PAUSES) + 1} tries a lock was not free within {timeouts.lock_seconds} s; held by {who}."
        )
        remedy = "wait until it is free, or end who holds it (select pg_terminate_backend(PROCESS)), then `pulumi up`"
    elif _ended_by(answer, QueryCanceled):
        reason = f"a statement ran longer than {timeouts.statement_seconds} s and was ended.\n{reason}"
        remedy = "split it, or raise backend.statementTimeoutSeconds in the stack file, then `pulumi up`"
    elif _was_interrupted(answer):
        headline, left = "The push was interrupted", "By the ledger these are applied, each as a whole"
        remedy = "`pulumi up` again; it applies what is missing"
    if invalid := _invalid_indexes(session.connection):
        reason += f"\nThese indexes were not finished and serve no query: {invalid}."
        remedy = f"drop index concurrently {invalid}, then {remedy}"
    return f"{headline}: {reason}\n{left}: {', '.join(applied) or 'none'}. No function was touched. Remedy: {remedy}."
