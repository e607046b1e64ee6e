"""Writes down what was released, by whom, from which commit."""

import getpass
import json
import subprocess
from pathlib import Path

from release import lease
from release.backend_source import BackendSource
from release.session import Session


def record_release(session: Session, backend: BackendSource) -> int:
    """Append a record of the release that has just been validated, and give the lease back.

    Returns:
        The record's number.

    Raises:
        ReleaseError: the lease was lost meanwhile.
    """
    commit, dirty = _commit(backend.directory)
    functions = {slug: function.digest for slug, function in backend.functions.items()}
    with session.connection.transaction():
        fencing = lease.check(session.connection, session.holder)
        seconds = session.connection.execute(
            "select coalesce(jsonb_object_agg(part, seconds), '{}') as seconds"
            " from release.manifest where fencing = %s",
            [fencing],
        ).fetchone()
        row = session.connection.execute(
            """
            insert into release.records
              (kind, digest, tree, git_commit, git_dirty, released_by, migrations, functions, seconds, fencing)
            values ('release', %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id
            """,
            [
                backend.digest,
                backend.tree_digest,
                commit,
                dirty,
                getpass.getuser(),
                json.dumps([migration.version for migration in backend.migrations]),
                json.dumps(functions),
                json.dumps(seconds["seconds"] if seconds else {}, default=float),
                fencing,
            ],
        ).fetchone()
    session.free_lease()
    assert row is not None  # noqa: S101 - insert … returning gives a row or raises
    return int(row["id"])


def _commit(directory: Path) -> tuple[str | None, bool | None]:
    """Give the work tree's commit, and whether the backend differs from it; nothing where this is no git checkout."""

    def git(*arguments: str) -> str | None:
        result = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False)
        return result.stdout.strip() if result.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    status = git("status", "--porcelain", "--", ".")
    return commit, None if status is None else bool(status)
