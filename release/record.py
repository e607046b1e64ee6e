"""The records of a project: what was released, by whom, from which commit, and how it went."""

import getpass
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from release import archive, lease
from release.backend_source import BackendSource
from release.live_state import Query, check_rows
from release.migration_source import undo_path
from release.session import Session
from release.work_tree import read_commit

# Releases whose files stay in the archive; an older one is restored from its commit.
RESTORABLE = 50
VALIDATED = ("release", "hotfix")
RECORDS_QUERY = (
    "select id, kind, digest, tree, git_commit, git_dirty, released_by, migrations, functions, smoke, undo, reason,"
    " report, seconds, to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as at"
    " from release.records order by id"
)


class _Row(BaseModel):
    id: int
    kind: str
    digest: str
    tree: str
    git_commit: str | None
    git_dirty: bool | None
    released_by: str
    at: str
    migrations: list[str]
    functions: dict[str, str]
    smoke: str | None
    undo: dict[str, str]
    reason: str | None
    report: dict[str, Any]
    seconds: dict[str, float]


_ROWS = TypeAdapter(list[_Row])


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record.

    Attributes:
        number: counts up; gaps mean nothing.
        kind: `release` and `hotfix` passed their smoke tests; `rollback` was made by operations; `failed` did not pass.
        digest: the release hash.
        tree: digest of the whole backend, tests included.
        commit: of the work tree; None outside of git.
        dirty: whether the backend differed from that commit.
        by: the user who ran it.
        at: UTC, ISO 8601.
        migrations: the versions applied.
        functions: slug to source digest.
        smoke: digest of the smoke tests.
        undo: version to digest of its undo script.
        reason: why, of a hotfix or a rollback.
        report: what else happened.
        seconds: part to how long it took.
    """

    number: int
    kind: str
    digest: str
    tree: str
    commit: str | None
    dirty: bool | None
    by: str
    at: str
    migrations: tuple[str, ...]
    functions: Mapping[str, str]
    smoke: str | None = None
    undo: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    report: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


def read_records(query: Query) -> tuple[Record, ...]:
    """Read all records, oldest first.

    Args:
        query: runs SQL in a project whose database carries the marker.

    Raises:
        ReleaseError: the answer is something else.
    """
    rows = query(RECORDS_QUERY)
    check_rows(_ROWS, rows, "the records of releases")
    return tuple(
        Record(
            number=int(row["id"]),
            kind=row["kind"],
            digest=row["digest"],
            tree=row["tree"],
            commit=row["git_commit"],
            dirty=row["git_dirty"],
            by=row["released_by"],
            at=row["at"],
            migrations=tuple(row["migrations"]),
            functions=dict(row["functions"]),
            smoke=row["smoke"],
            undo=dict(row["undo"]),
            reason=row["reason"],
            report=dict(row["report"]),
            seconds=dict(row["seconds"]),
        )
        for row in rows
    )


def current(records: Sequence[Record]) -> Record | None:
    """Give the record of what was last live and well; None before the first release."""
    return next((record for record in reversed(records) if record.kind != "failed"), None)


def record_release(session: Session, backend: BackendSource, *, token: str, reason: str | None) -> int:
    """Append a record of the release that has just been validated, keep its files, and give the lease back.

    An engine that was killed before it could note that this step had run runs it again: the newest record then has
    this token, and stays the only one.

    Args:
        session: the open release.
        backend: the sources.
        token: the token to note.
        reason: why this hotfix was not validated elsewhere first; None for a release.

    Returns:
        The record's number.

    Raises:
        ReleaseError: the lease was lost meanwhile.
    """
    scripts = {
        migration.version: path.read_bytes()
        for migration in backend.migrations
        if (path := undo_path(backend.directory, migration.file_name)).is_file()
    }
    undo = {version: hashlib.sha256(script).hexdigest() for version, script in scripts.items()}
    functions = {slug: function.digest for slug, function in backend.functions.items()}
    with session.connection.transaction():
        missing = archive.find_missing(session.connection, [*functions.values(), *undo.values(), backend.smoke_digest])
        for slug, function in backend.functions.items():
            if function.digest in missing:
                packed = archive.pack(backend.directory, ["supabase/config.toml", *function.files])
                archive.keep(session.connection, function.digest, f"function:{slug}", packed)
        for version, digest in undo.items():
            if digest in missing:
                archive.keep(session.connection, digest, f"undo:{version}", scripts[version])
        if backend.smoke_digest in missing:
            packed = archive.pack(backend.directory, backend.smoke_files)
            archive.keep(session.connection, backend.smoke_digest, "smoke", packed)
        number = _recorded(session, token) or append(
            session,
            kind="hotfix" if reason else "release",
            digest=backend.digest,
            tree=backend.tree_digest,
            directory=backend.directory,
            migrations=[migration.version for migration in backend.migrations],
            functions=functions,
            smoke=backend.smoke_digest,
            undo=undo,
            reason=reason,
            token=token,
        )
        archive.prune(session.connection, records=RESTORABLE)
    session.free_lease()
    return number


def _recorded(session: Session, token: str) -> int | None:
    newest = session.connection.execute("select id, token from release.records order by id desc limit 1").fetchone()
    return int(newest["id"]) if newest and newest["token"] == token else None


def append(
    session: Session,
    *,
    kind: str,
    digest: str,
    tree: str,
    directory: Path,
    migrations: Sequence[str],
    functions: Mapping[str, str],
    smoke: str | None = None,
    undo: Mapping[str, str] | None = None,
    reason: str | None = None,
    report: Mapping[str, Any] | None = None,
    token: str | None = None,
) -> int:
    """Append one record, if the lease is still ours; gives its number.

    Raises:
        ReleaseError: the lease was lost.
    """
    commit, dirty = read_commit(directory)
    with session.connection.transaction():
        fencing = lease.check(session.connection, session.holder)
        row = session.connection.execute(
            """
            insert into release.records
              (kind, digest, tree, git_commit, git_dirty, released_by, migrations, functions, smoke, undo, reason,
               report, token, seconds, fencing)
            select %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
              coalesce(jsonb_object_agg(part, seconds) filter (where fencing = %s), '{}'), %s
            from release.manifest
            returning id
            """,
            [
                kind,
                digest,
                tree,
                commit,
                dirty,
                getpass.getuser(),
                json.dumps(list(migrations)),
                json.dumps(dict(functions)),
                smoke,
                json.dumps(dict(undo or {})),
                reason,
                json.dumps(dict(report or {})),
                token,
                fencing,
                fencing,
            ],
        ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate without a group gives one row, and so inserts one
    return int(row["id"])
