"""What a stack has had: applied migrations, and what its records say of release hashes."""

import json
from dataclasses import dataclass

from ops.engine import run_engine
from ops.stack_target import read_stack
from release.credentials import read_credential
from release.error import ReleaseError
from release.live_state import HASHES_QUERY, LEDGER_QUERY, KnownHashes, read_hashes, read_ledger
from release.management_api import ManagementApi
from release.session import check_project
from release.snapshot import find_snapshot


@dataclass(frozen=True, kw_only=True)
class ReleasedFacts:
    """What was found.

    Attributes:
        applied: versions of the ledger.
        hashes: what the records say.
        origin: where that is known from, as a sentence part.
    """

    applied: frozenset[str]
    hashes: KnownHashes
    origin: str

    @property
    def newest(self) -> str | None:
        """Name the newest good release, such as `release 3 of 2026-11-26 10:00` with its hash; None where none was."""
        listed = list(self.hashes.validated.items())
        return f"{listed[-1][1]} (`{listed[-1][0][:12]}`)" if listed else None


def read_facts(stack: str) -> ReleasedFacts:
    """Ask a stack's database, or where it may not be asked the copy that the last release left in the state.

    Raises:
        ReleaseError: neither can be read.
    """
    try:
        return _ask(stack)
    except ReleaseError as refused:
        found = _remember(stack)
        if found is None:
            raise ReleaseError(
                f"{refused} There is no copy in the engine's state either (PULUMI_BACKEND_URL)."
            ) from refused
        return found


def _ask(stack: str) -> ReleasedFacts:
    _, target = read_stack(stack)
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", stack)) as api:
        check_project(target, api.project())
        present = api.presence()
        ledger = read_ledger(api.query(LEDGER_QUERY)) if present["ledger"] else ()
        hashes = read_hashes(api.query(HASHES_QUERY)) if present["release"] else KnownHashes()
    applied = frozenset(migration.version for migration in ledger)
    return ReleasedFacts(applied=applied, hashes=hashes, origin=f"the database of {stack}")


def _remember(stack: str) -> ReleasedFacts | None:
    exported = run_engine(["stack", "export", "--stack", stack])
    if exported.returncode != 0:
        return None
    try:
        resources = json.loads(exported.stdout)["deployment"].get("resources") or ()
        snapshot = find_snapshot([(str(resource["urn"]), resource.get("outputs") or {}) for resource in resources])
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None
    if snapshot is None:
        return None
    return ReleasedFacts(
        applied=frozenset(migration.version for migration in snapshot.ledger),
        hashes=snapshot.hashes,
        origin=f"what the last release to {stack} left in the state",
    )
