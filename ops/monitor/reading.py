"""Asks the platform what an environment serves, and how it is."""

from collections.abc import Iterator
from datetime import datetime

from ops.monitor.alarm import Alarm
from ops.monitor.traffic import BOUNDS, Traffic, summarize
from release.management_api import ManagementApi

_CASES = " ".join(f"when m.execution_time_ms <= {bound} then {bound}" for bound in BOUNDS)
_TRAFFIC = (
    f"select m.function_id as function_id, case {_CASES} else {BOUNDS[-1]} end as bound, count(*) as requests,"  # noqa: S608 - our own numbers
    " sum(case when response.status_code >= 500 then 1 else 0 end) as errors"
    " from function_edge_logs cross join unnest(metadata) as m cross join unnest(m.response) as response"
    " group by 1, 2"
)
_ERRORS = (
    "select m.function_id as function_id, count(*) as errors, max(event_message) as message"
    " from function_logs cross join unnest(metadata) as m where m.level = 'error' group by 1"
)
# Without which neither functions nor releases work.
_SERVICES = ("auth", "db", "pooler")
# Whose waiting began when is told to every role, unlike what others run.
_DATABASE = (
    "select (select count(*) from pg_stat_activity)::float / current_setting('max_connections')::int as connections,"
    " (select count(*) from pg_locks where not granted and waitstart < now() - interval '30 seconds') as waiting"
)
_FULL = 0.9


def read_traffic(api: ManagementApi, start: datetime, end: datetime) -> dict[str, Traffic]:
    """Give what each function served in a time, by slug; one that is no longer there is left out.

    Raises:
        ReleaseError: it can't be read.
    """
    slugs = {str(function["id"]): str(function["slug"]) for function in api.functions()}
    found = summarize(api.logs(_TRAFFIC, start, end))
    return {slugs[function]: traffic for function, traffic in found.items() if function in slugs}


def read_logged_errors(api: ManagementApi, start: datetime, end: datetime) -> dict[str, tuple[int, str]]:
    """Give how many errors each function logged in a time, and one of them, by slug.

    Raises:
        ReleaseError: it can't be read.
    """
    slugs = {str(function["id"]): str(function["slug"]) for function in api.functions()}
    rows = api.logs(_ERRORS, start, end)
    return {
        slugs[str(row["function_id"])]: (int(row["errors"]), str(row["message"]).strip())
        for row in rows
        if str(row["function_id"]) in slugs
    }


def find_unhealthy(api: ManagementApi) -> Iterator[Alarm]:
    """Find services that are not healthy, and a database that is full or stuck.

    Raises:
        ReleaseError: it can't be read.
    """
    for service in api.health(_SERVICES):
        if service["status"] != "ACTIVE_HEALTHY":
            yield Alarm(of=f"service {service['name']}", text=f"{service['status']} {service.get('error', '')}".strip())
    (database,) = api.query(_DATABASE)
    if float(database["connections"]) >= _FULL:
        yield Alarm(of="database", text=f"{float(database['connections']):.0%} of its connections are taken")
    if int(database["waiting"]):
        yield Alarm(of="database", text=f"{database['waiting']} statements wait for a lock for more than 30 s")
