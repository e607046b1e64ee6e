"""The checks of an environment that need nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ops.monitor.reading import find_unhealthy, read_logged_errors
from release.management_api import ManagementApi

# Of the statements that people wait for.
_SLOW_MILLISECONDS, _CALLS, _SHOWN = 500, 5, 5
_STATEMENTS_PRESENT = "select to_regclass('extensions.pg_stat_statements') is not null as present"
_STATEMENTS = (
    "select calls, round(mean_exec_time) as milliseconds, left(regexp_replace(query, '\\s+', ' ', 'g'), 120) as query"  # noqa: S608 - our own numbers
    " from extensions.pg_stat_statements s join pg_roles r on r.oid = s.userid"
    f" where mean_exec_time > {_SLOW_MILLISECONDS} and calls >= {_CALLS}"
    " and r.rolname in ('anon', 'authenticated', 'service_role', 'authenticator')"
    f" order by total_exec_time desc limit {_SHOWN}"
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a check found.

    Attributes:
        passed: whether it holds.
        told: what was found, for people.
    """

    passed: bool
    told: str


Check = Callable[[ManagementApi, datetime, datetime], Found]
"""Looks at a project, and at its logs from one moment to another; raises ReleaseError where it can't."""


def _logs(api: ManagementApi, since: datetime, until: datetime) -> Found:
    errors = read_logged_errors(api, since, until)
    told = [f"{slug} logged {count} errors, such as: {message[:200]}" for slug, (count, message) in errors.items()]
    return Found(passed=not errors, told="; ".join(sorted(told)) or "no function logged an error")


def _advisors(api: ManagementApi, since: datetime, until: datetime) -> Found:
    del since, until
    found = [lint for kind in ("security", "performance") for lint in api.advice(kind)]
    errors = sorted({f"{lint['title']}: {lint['detail']}" for lint in found if lint["level"] == "ERROR"})
    warnings = len([lint for lint in found if lint["level"] == "WARN"])
    return Found(passed=not errors, told="; ".join(errors) or f"no error, {warnings} warnings")


def _statements(api: ManagementApi, since: datetime, until: datetime) -> Found:
    del since, until
    if not api.query(_STATEMENTS_PRESENT)[0]["present"]:
        return Found(passed=False, told="pg_stat_statements is not there, so slow statements are not known")
    rows = api.query(_STATEMENTS)
    told = [f"{row['milliseconds']} ms on average of {row['calls']}: {row['query']}" for row in rows]
    return Found(passed=not rows, told="; ".join(told) or f"none takes more than {_SLOW_MILLISECONDS} ms on average")


def _services(api: ManagementApi, since: datetime, until: datetime) -> Found:
    del since, until
    alarms = [f"{alarm.of}: {alarm.text}" for alarm in find_unhealthy(api)]
    return Found(passed=not alarms, told="; ".join(alarms) or "all are healthy")


CHECKS: Mapping[str, Check] = {
    "logs": _logs,
    "advisors": _advisors,
    "statements": _statements,
    "services": _services,
}
"""By the name of the checklist's item; a new one is a function and a line here."""
