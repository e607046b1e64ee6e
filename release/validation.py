"""Validates what was just released, and puts the functions back where it does not hold."""

import sys
import time
from collections.abc import Mapping

from release import archive
from release.backend_source import BackendSource
from release.error import ReleaseError
from release.live_state import ManifestRow
from release.record import Record, append, current, read_records
from release.restore import describe_live, find_changed, restore_functions
from release.session import Session
from release.smoke import SmokeTestError, run_smoke_tests


def validate(session: Session, backend: BackendSource, *, token: str, deadline_seconds: int) -> str:
    """Run the smoke tests; where they fail, put back the functions that this release changed.

    Migrations stay: the lint lets only such pass as the code before them works with.

    Args:
        session: the open release.
        backend: the sources.
        token: the token to note.
        deadline_seconds: how long the tests may take in all.

    Returns:
        The tests' report.

    Raises:
        ReleaseError: they failed; the text says what is live now.
    """
    started = time.monotonic()
    try:
        report = run_smoke_tests(session, backend.directory, deadline_seconds=deadline_seconds)
    except SmokeTestError as error:
        raise ReleaseError(_put_back(session, backend, str(error), deadline_seconds)) from error
    session.note(
        "smoke",
        ManifestRow(source=backend.smoke_digest, live=backend.digest, token=token),
        seconds=time.monotonic() - started,
    )
    return report


def check_with_archived_tests(session: Session, smoke: str | None, *, deadline_seconds: int) -> str:
    """Run the smoke tests that a release archived, and say in a sentence how they went."""
    if smoke is None or archive.find_missing(session.connection, [smoke]):
        return "Its smoke tests are not in the archive, so whether it works was not tried."
    with archive.unpacked(archive.fetch(session.connection, smoke)) as folder:
        try:
            run_smoke_tests(session, folder, deadline_seconds=deadline_seconds)
        except SmokeTestError as error:
            return f"Its own smoke tests fail as well, so the cause may not be the release: {error}"
    return "Its own smoke tests pass."


def _put_back(session: Session, backend: BackendSource, failure: str, deadline_seconds: int) -> str:
    """Restore what the last good release had, and tell everything that somebody has to know now."""
    previous = current(read_records(session.rows))
    wanted = (
        {slug: digest for slug, digest in previous.functions.items() if slug in backend.functions} if previous else {}
    )
    changed = {slug: wanted[slug] for slug in find_changed(session, wanted)}
    if changed:
        sys.stdout.write(f"the smoke tests failed; putting back {', '.join(changed)}\n")
        sys.stdout.flush()
    outcome = restore_functions(session, changed, cause=f"put back after {backend.digest}")
    lines = [failure]
    if previous is None:
        lines.append("There is no release before this one, so what it put live stays live, unvalidated.")
    elif not changed:
        lines.append(f"No function of this release differs from release {previous.number}, so none was put back.")
    else:
        lines.append(f"The functions that this release had changed are those of release {previous.number} again:")
        lines += [f"  {slug}: {error or 'put back, and answers'}" for slug, error in outcome.items()]
        if not any(outcome.values()):
            lines.append(check_with_archived_tests(session, previous.smoke, deadline_seconds=deadline_seconds))
    lines += ["Live now:", *(f"  {line}" for line in describe_live(session, _known(backend, previous)))]
    applied = [migration.version for migration in backend.migrations]
    new = [version for version in applied if previous and version not in previous.migrations]
    lines.append(
        f"  migrations up to {applied[-1] if applied else 'none'}" + (f", {len(new)} of this release" if new else "")
    )
    append(
        session,
        kind="failed",
        digest=backend.digest,
        tree=backend.tree_digest,
        directory=backend.directory,
        migrations=applied,
        functions={slug: function.digest for slug, function in backend.functions.items()},
        report={"failure": failure[-2000:], "put_back": outcome},
    )
    session.free_lease()
    lines.append("Remedy: correct the backend, then `pulumi up`; it releases what was put back again.")
    return "\n".join(lines)


def _known(backend: BackendSource, previous: Record | None) -> dict[str, Mapping[str, str]]:
    known: dict[str, Mapping[str, str]] = {}
    if previous:
        known[f"as in release {previous.number}"] = previous.functions
    known["as in the work tree"] = {slug: function.digest for slug, function in backend.functions.items()}
    return known
