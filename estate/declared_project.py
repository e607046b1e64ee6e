"""Everything that Supabase should hold for a stack, as entities; what was released there the project itself knows."""

import hashlib
from collections.abc import Mapping

from estate.entity import Entity, Kind, Value
from settings.stack import Settings


def declare_project(settings: Settings, secrets: Mapping[str, str | None]) -> list[Entity]:
    """Give a stack's project, the settings of it that the stack names, and its functions' secrets.

    Args:
        settings: the stack's.
        secrets: function secret to its value; None where it is not known here. The entity holds its digest alone, which
            is what the Management API gives in place of a value: SHA-256, in hexadecimal digits.
    """
    supabase = settings.supabase
    project, database = supabase.project, supabase.database
    healthy = {
        "name": project.name,
        "region": project.region,
        "organization": supabase.organization,
        "status": "ACTIVE_HEALTHY",
    }
    entities = [Entity(kind=Kind.PROJECT, name=project.name, fields=healthy)]
    if supabase.auth:
        entities.append(Entity(kind=Kind.AUTH_SETTINGS, name=project.name, fields=dict(supabase.auth)))
    access: dict[str, Value] = {}
    if database.allowed_networks is not None:
        access["allowed_networks"] = tuple(sorted(database.allowed_networks))
    if database.ssl_enforced is not None:
        access["ssl_enforced"] = database.ssl_enforced
    if access:
        entities.append(Entity(kind=Kind.DATABASE_ACCESS, name=project.name, fields=access))
    if supabase.custom_hostname:
        entities.append(
            Entity(
                kind=Kind.CUSTOM_HOSTNAME, name=supabase.custom_hostname, fields={"status": "5_services_reconfigured"}
            )
        )
    for name in settings.function_secrets:
        value = secrets[name]
        digest = None if value is None else hashlib.sha256(value.encode()).hexdigest()
        entities.append(Entity(kind=Kind.FUNCTION_SECRET, name=name, fields={"sha256": digest}))
    return entities
