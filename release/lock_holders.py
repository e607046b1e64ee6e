"""Who holds the locks that a push waits for."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from release.database import Connection

# The CLI gives its sessions a name of its own, so they are told by role and start. Whom they wait for may wait itself:
# what counts is who waits for nobody. Of that one's last statement the first word alone: the rest may hold users' data.
# What this role may not see of another's session is null, or a text in angle brackets.
_QUERY = r"""
    with recursive chain (pid) as (
        select pid from pg_stat_activity
        where usename = current_user and backend_start >= %s and wait_event_type = 'Lock'
        union
        select blocking.pid from chain cross join lateral unnest(pg_blocking_pids(chain.pid)) as blocking (pid)
    )
    select holder.pid, usename as role, application_name as application, state,
        coalesce(xact_start, state_change) as since,
        upper((regexp_match(query, '^\s*([[:alpha:]]+)'))[1]) as keyword
    from chain join pg_stat_activity as holder using (pid)
    where cardinality(pg_blocking_pids(holder.pid)) = 0 and wait_event_type is distinct from 'Lock'
    order by since
"""


def read_clock(connection: Connection) -> dt.datetime:
    """Read the database's own clock."""
    row = connection.execute("select clock_timestamp() as now").fetchone()
    assert row is not None  # noqa: S101 - a select without from gives a row
    now: dt.datetime = row["now"]
    return now


def describe_holders(connection: Connection, since: dt.datetime) -> tuple[str, ...]:
    """Describe each session that keeps one of this role waiting at this moment; none where none waits.

    Args:
        connection: a session of the role.
        since: only sessions that began at this time or later count as waiting.
    """
    return tuple(_describe(row) for row in connection.execute(_QUERY, [since]).fetchall())


def _describe(row: Mapping[str, Any]) -> str:
    since = f" since {row['since']:%H:%M:%S %Z}" if row["since"] else ""
    keyword = f", last statement {row['keyword']}" if row["keyword"] else ""
    return (
        f"“{row['application'] or 'no name'}” as {row['role'] or 'another role'}"
        f" (process {row['pid']}, {row['state'] or 'in a state that is hidden'}{since}{keyword})"
    )
