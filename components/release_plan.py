"""Plans the release from the sources and from what is live, before anything is declared."""

from pathlib import Path
from typing import Any

import pulumi

from provider.invokes import get_functions, get_project, query_database
from release.backend_source import read_backend
from release.error import ReleaseError
from release.live_state import (
    LEDGER_QUERY,
    MANIFEST_QUERY,
    PRESENCE_QUERY,
    LiveState,
    digest_function,
    read_manifest,
)
from release.plan import ReleasePlan, plan_release
from settings import Settings, SupabaseSettings

# What the platform reports of a project whose database takes queries.
_READABLE = frozenset({"ACTIVE_HEALTHY", "ACTIVE_UNHEALTHY"})


def plan_backend_release(settings: Settings) -> ReleasePlan:
    """Compare the backend in the work tree with what is live in the stack's project.

    Raises:
        pulumi.RunError: the sources can't be released; the engine shows the text without a traceback.
    """
    try:
        source = read_backend(Path(settings.backend.directory))
    except ReleaseError as error:
        raise pulumi.RunError(str(error)) from error
    return plan_release(source, read_live_backend(settings.supabase))


def read_live_backend(supabase: SupabaseSettings) -> LiveState:
    """Read ledger, manifest and live functions of the stack's project.

    Returns:
        An empty state for a project that does not exist yet. A paused one counts as empty too: everything is
        released to it again once it is restored, and each step finds for itself that it has nothing to do.
    """
    project = get_project(
        ref=supabase.project.ref,
        organization=None if supabase.project.ref else supabase.organization,
        name=None if supabase.project.ref else supabase.project.name,
    )
    if not project.found or not project.ref:
        return LiveState()
    if project.status not in _READABLE:
        pulumi.log.warn(f"project {project.ref} is {project.status}: what is live in it can't be read")
        return LiveState()

    def rows(query: str) -> list[dict[str, Any]]:
        return query_database(project.ref, query)

    present = rows(PRESENCE_QUERY)[0]
    return LiveState(
        ledger=tuple(str(row["version"]) for row in rows(LEDGER_QUERY)) if present["ledger"] else (),
        functions={
            function.slug: digest_function(
                code=function.ezbr_sha256,
                version=function.version,
                verify_jwt=function.verify_jwt,
                status=function.status,
            )
            for function in get_functions(project.ref)
        },
        manifest=read_manifest(rows(MANIFEST_QUERY)) if present["manifest"] else {},
    )
