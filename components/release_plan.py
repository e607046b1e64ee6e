"""Plans the release from the sources and from what is live, before anything is declared."""

from collections.abc import Callable, Sequence

import pulumi

from components.found_project import FoundProject
from components.release_gates import pass_gates
from components.released_state import begin_released_state, read_released_state
from provider.invokes import QueryForbiddenError, begin_get_functions, begin_query_database, query_database
from release.backend_source import BackendSource
from release.error import ReleaseError
from release.live_state import (
    HASHES_QUERY,
    LEDGER_QUERY,
    MANIFEST_QUERY,
    PRESENCE_QUERY,
    KnownHashes,
    LiveState,
    digest_function,
    read_hashes,
    read_ledger,
    read_manifest,
    statements_query,
)
from release.migration_gate import MigrationGate
from release.plan import ReleasePlan, plan_release
from release.snapshot import Snapshot
from settings.stack import Settings

# What the platform reports of a project whose database takes queries.
_READABLE = frozenset({"ACTIVE_HEALTHY", "ACTIVE_UNHEALTHY"})


def plan_backend_release(settings: Settings, source: BackendSource, found: FoundProject) -> ReleasePlan:
    """Compare a backend with what is live in the stack's project.

    Raises:
        pulumi.RunError: the sources can't be released.
    """
    elsewhere = _begin_applied_in_adopted(settings)
    ref = find_ref(found)
    try:
        live = read_live_backend(ref) if ref else LiveState()
        gate = MigrationGate(backend=source, ledger=live.ledger, elsewhere=elsewhere())
        gate.check(_read_statements(ref, gate.suspects()) if ref else {})
        for file_name in gate.late():
            pulumi.log.info(f"{file_name} is older than what is applied, and comes back from an adopted environment")
        promotion = pass_gates(settings, source, live.hashes)
        plan = plan_release(source, live, promotion)
    except ReleaseError as error:
        raise pulumi.RunError(str(error)) from error
    return plan


def _begin_applied_in_adopted(settings: Settings) -> Callable[[], frozenset[str]]:
    """Give the versions that adopted environments had when they were last released: a hotfix is there before."""
    asked = [begin_released_state(stack) for stack, other in settings.others.items() if other.project.ref]

    def answer() -> frozenset[str]:
        states = [state for read in asked if (state := read())]
        return frozenset(applied.version for state in states for applied in state.ledger)

    return answer


def find_ref(found: FoundProject) -> str | None:
    """Give the ref of the stack's project, or None where there is none whose database could be read.

    A paused project counts as none: everything is released to it again once it is restored, and each step finds for
    itself that it has nothing to do.
    """
    project = found.read()
    if not project.found:
        return None
    if project.status not in _READABLE:
        pulumi.log.warn(f"project {project.ref} is {project.status}: what is live in it can't be read")
        return None
    return project.ref


def read_live_backend(ref: str) -> LiveState:
    """Read ledger, manifest and live functions of a project.

    What a token may not ask the database is taken from the engine's state, as the last release left it there.

    Raises:
        pulumi.RunError: the database has tables, and no ledger that says where they come from; or it may not be asked,
            and no release has left anything in the state.
    """
    listed = begin_get_functions(ref)
    try:
        known = _ask_database(ref)
    except QueryForbiddenError as error:
        snapshot = read_released_state(pulumi.get_stack())
        if snapshot is None or not pulumi.runtime.is_dry_run():
            raise
        pulumi.log.warn(f"{error} This preview goes by what the last release left; what was changed since is not seen.")
        known = snapshot
    functions = {
        function.slug: digest_function(
            code=function.ezbr_sha256,
            version=function.version,
            verify_jwt=function.verify_jwt,
            status=function.status,
        )
        for function in listed()
    }
    return LiveState(ledger=known.ledger, functions=functions, manifest=known.manifest, hashes=known.hashes)


def _ask_database(ref: str) -> Snapshot:
    present = query_database(ref, PRESENCE_QUERY)[0]
    if present["tables"] and not present["ledger"]:
        raise pulumi.RunError(
            f"Project {ref} has tables and no ledger of migrations, so every migration would be applied again and fail."
            f" Nothing was changed. Remedy: python -m ops adopt --baseline --stack {pulumi.get_stack()}"
        )
    ledger = begin_query_database(ref, LEDGER_QUERY) if present["ledger"] else None
    manifest = begin_query_database(ref, MANIFEST_QUERY) if present["release"] else None
    hashes = begin_query_database(ref, HASHES_QUERY) if present["release"] else None
    return Snapshot(
        ledger=read_ledger(ledger()) if ledger else (),
        manifest=read_manifest(manifest()) if manifest else {},
        hashes=read_hashes(hashes()) if hashes else KnownHashes(),
    )


def _read_statements(ref: str, versions: Sequence[str]) -> dict[str, str]:
    """Read what the ledger says that these versions were; nothing where the database may not be asked."""
    if not versions:
        return {}
    try:
        rows = query_database(ref, statements_query(versions))
    except QueryForbiddenError:
        pulumi.log.warn(
            f"whether more than comments of {', '.join(versions)} was edited can't be told without the database"
        )
        return {}
    return {str(row["version"]): str(row["text"]) for row in rows}
