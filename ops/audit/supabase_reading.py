"""Fetches what Supabase tells of a stack's project, as it tells it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from ops.audit.answer_forms import check_supabase
from ops.audit.reader import Reader, read_in_form
from ops.audit.refusal import Refusal
from release.live_state import LEDGER_QUERY, MANIFEST_QUERY, PRESENCE_QUERY
from release.record import RECORDS_QUERY
from settings.supabase import SupabaseSettings

Reading = Mapping[str, Any]
"""Part of the project to the API's answer, to a `Refusal`, or to None where there is no project."""

_HOLD_QUERY = (
    "select digest, record, to_char(held_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as at, reason"
    " from release.hold"
)
_DATABASE = "database_read"


async def read_supabase(reader: Reader, supabase: SupabaseSettings) -> Reading:
    """Read a stack's project: itself, what the stack names of its settings, its functions, secrets and ledger.

    Args:
        reader: a client of the Management API.
        supabase: which project, and what is declared of it.
    """
    found = await read_in_form("Supabase", "project", _find_project(reader, supabase))
    project = check_supabase({"project": found})["project"]
    if project is None or isinstance(project, Refusal):
        return {"project": project}
    here = f"v1/projects/{project['id']}"
    parts = {
        "functions": reader.get(f"{here}/functions", permission="edge_functions_read"),
        "secrets": reader.get(f"{here}/secrets", permission="edge_functions_secrets_read"),
        "database": _read_database(reader, here),
    }
    if supabase.auth:
        parts["auth"] = reader.get(f"{here}/config/auth", permission="auth_config_read")
    if supabase.database.allowed_networks is not None:
        permission = "database_network_restrictions_read"
        parts["networks"] = reader.get(f"{here}/network-restrictions", permission=permission)
    if supabase.database.ssl_enforced is not None:
        parts["ssl"] = reader.get(f"{here}/ssl-enforcement", permission="database_ssl_config_read")
    if supabase.custom_hostname:
        parts["hostname"] = reader.get(f"{here}/custom-hostname", permission="custom_domain_read")
    readings = (read_in_form("Supabase", part, reading) for part, reading in parts.items())
    return {"project": project, **dict(zip(parts, await asyncio.gather(*readings), strict=True))}


async def _find_project(reader: Reader, supabase: SupabaseSettings) -> Any:
    wanted = supabase.project
    if wanted.ref:
        # A project of somebody else is refused, so 404 means that there is none.
        return await reader.get(f"v1/projects/{wanted.ref}", permission="project_admin_read", absent=True)
    listed = await reader.get("v1/projects", permission="projects_read")
    if isinstance(listed, Refusal):
        return listed
    found = [
        project
        for project in listed
        if project["name"] == wanted.name
        and supabase.organization in {project.get("organization_slug"), project["organization_id"]}
    ]
    return found[0] if found else None


async def _read_database(reader: Reader, here: str) -> Any:
    """Give ledger, manifest, records and hold: one query asks what there is, and another for all of it."""
    path = f"{here}/database/query/read-only"
    present = await reader.select(path, PRESENCE_QUERY, permission=_DATABASE)
    if isinstance(present, Refusal):
        return present
    queries = {"ledger": LEDGER_QUERY} if present[0]["ledger"] else {}
    if present[0]["release"]:
        queries |= {"manifest": MANIFEST_QUERY, "records": RECORDS_QUERY, "hold": _HOLD_QUERY}
    if not queries:
        return {}
    # Our own queries alone.
    lists = ", ".join(f"(select json_agg(rows) from ({query}) as rows) as {name}" for name, query in queries.items())  # noqa: S608
    rows = await reader.select(path, f"select {lists}", permission=_DATABASE)
    return rows if isinstance(rows, Refusal) else {name: rows[0][name] or [] for name in queries}
