"""Turns what Supabase told of a project, and what was released there, into the form that the declared estate has."""

import datetime as dt
from typing import Any

from estate.entity import Entity, Kind, Value
from ops.audit.live_estate import LiveEntity, LiveEstate
from ops.audit.refusal import Refusal
from ops.audit.supabase_reading import Reading
from release.live_state import digest_function
from settings.supabase import SupabaseSettings

_FUNCTION = "function:"
# The platform's own, which every project has.
_OF_THE_PLATFORM = "SUPABASE_"


def describe_supabase(reading: Reading, supabase: SupabaseSettings) -> LiveEstate:
    """Describe a project, under the names that the stack has for it."""
    name, project = supabase.project.name, reading["project"]
    if isinstance(project, Refusal):
        return LiveEstate(refused=dict.fromkeys([(kind, "") for kind in _kinds()], project))
    if project is None:
        return LiveEstate()
    found: dict[tuple[Kind, str], LiveEntity] = {(Kind.PROJECT, name): _project(project)}
    refused: dict[tuple[Kind, str], Refusal] = {}

    def take(part: str, kind: Kind, describe: Any) -> None:
        answer = reading.get(part)
        if isinstance(answer, Refusal):
            refused[kind, ""] = answer
        elif answer is not None:
            found.update({(kind, key): entity for key, entity in describe(answer)})

    take("functions", Kind.FUNCTION, lambda answer: [(entry["slug"], _function(entry)) for entry in answer])
    take("secrets", Kind.FUNCTION_SECRET, _secrets)
    take("database", Kind.MIGRATION, _migrations)
    take("auth", Kind.AUTH_SETTINGS, lambda answer: [(name, LiveEntity(fields=answer))])
    take("hostname", Kind.CUSTOM_HOSTNAME, lambda answer: [(answer["custom_hostname"], _hostname(answer))])
    if access := _access(reading):
        found[Kind.DATABASE_ACCESS, name] = LiveEntity(fields=access)
    return LiveEstate(found=found, refused=refused)


def declare_released(reading: Reading) -> list[Entity] | Refusal:
    """Give the functions and migrations that releases put live, as they noted them in the project's own database."""
    database = reading.get("database", {})
    if isinstance(database, Refusal):
        return database
    rows = [row for row in database.get("manifest", ()) if row["part"].startswith(_FUNCTION)]
    functions = [
        Entity(kind=Kind.FUNCTION, name=row["part"].removeprefix(_FUNCTION), fields={"digest": row["live"]})
        for row in rows
    ]
    records = database.get("records", ())
    versions = records[-1]["migrations"] if records else ()
    return functions + [Entity(kind=Kind.MIGRATION, name=version) for version in versions]


def find_known_versions(reading: Reading) -> frozenset[str]:
    """Give every version that some release has applied, those that a rollback undid included."""
    database = reading.get("database", {})
    records = () if isinstance(database, Refusal) else database.get("records", ())
    return frozenset(version for record in records for version in record["migrations"])


def _kinds() -> tuple[Kind, ...]:
    return (
        Kind.PROJECT,
        Kind.AUTH_SETTINGS,
        Kind.DATABASE_ACCESS,
        Kind.CUSTOM_HOSTNAME,
        Kind.FUNCTION_SECRET,
        Kind.FUNCTION,
        Kind.MIGRATION,
    )


def _project(answer: Any) -> LiveEntity:
    fields: dict[str, Value | Refusal] = {
        "name": answer["name"],
        "region": answer["region"],
        "organization": answer.get("organization_slug") or answer["organization_id"],
        "status": answer["status"],
    }
    return LiveEntity(fields=fields)


def _function(answer: Any) -> LiveEntity:
    digest = digest_function(
        code=answer.get("ezbr_sha256"),
        version=answer["version"],
        verify_jwt=answer.get("verify_jwt"),
        status=answer["status"],
    )
    return LiveEntity(
        fields={"digest": digest},
        since=_moment(answer.get("updated_at")),
        remedy=f"supabase functions delete {answer['slug']}",
    )


def _secrets(entries: Any) -> list[tuple[str, LiveEntity]]:
    return [
        (
            entry["name"],
            LiveEntity(
                fields={"sha256": entry["value"]},
                since=entry.get("updated_at"),
                remedy=f"supabase secrets unset {entry['name']}",
            ),
        )
        for entry in entries
        if not entry["name"].startswith(_OF_THE_PLATFORM)
    ]


def _migrations(database: Any) -> list[tuple[str, LiveEntity]]:
    return [(row["version"], LiveEntity(fields={})) for row in database.get("ledger", ())]


def _hostname(answer: Any) -> LiveEntity:
    return LiveEntity(fields={"status": answer["status"]})


def _access(reading: Reading) -> dict[str, Value | Refusal]:
    fields: dict[str, Value | Refusal] = {}
    for part, name, describe in (
        ("networks", "allowed_networks", _networks),
        ("ssl", "ssl_enforced", lambda answer: answer["currentConfig"]["database"]),
    ):
        if part in reading:
            answer = reading[part]
            fields[name] = answer if isinstance(answer, Refusal) else describe(answer)
    return fields


def _networks(answer: Any) -> Value:
    config = answer["config"]
    return tuple(sorted([*config.get("dbAllowedCidrs", []), *config.get("dbAllowedCidrsV6", [])]))


def _moment(milliseconds: Any) -> str | None:
    """Give a moment that the platform tells in milliseconds since 1970 as UTC, ISO 8601."""
    if not isinstance(milliseconds, int | float):
        return None
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
