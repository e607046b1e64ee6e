"""Which cases there are: every distinct request of a recorded release with every fault, every statement, every kill."""

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from faults.case import Case
from faults.disturbance import (
    BackendKill,
    ClockJump,
    DatabaseRestart,
    Disturbance,
    ForeignLease,
    KillAfterCommit,
    KillAtCheckpoint,
    KillAtRequest,
    KillAtStatement,
    LeaseLost,
    LockHeld,
    Point,
    RequestFault,
    SecondRelease,
    StateDiskFull,
)
from faults.ground import Ground
from faults.small_backend import FILES, STATEMENTS

# Longer than the program's, the plugin's and the release's clients wait, and than the CLI does.
_CLIENT_SECONDS, _CLI_SECONDS = 32, 62
_HELD_SECONDS, _HOUR = 60, 3600
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_STATEMENT_LOCK = "select pg_advisory_xact_lock(hashtext('{}'))"
_SUPABASE_BUSY = {"message": "ThrottlerException: Too Many Requests"}
_GITHUB_BUSY = {
    "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    "documentation_url": "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
    "#about-secondary-rate-limits",
    "status": "429",
}
_READING = re.compile(r"/database/query/read-only$|/graphql$")


def record_release(ground: Ground) -> tuple[list[Point], int]:
    """Release once undisturbed.

    Returns:
        The first and the last request of each kind, in the order of their first; and how many checkpoints of the state
        the engine wrote.

    Raises:
        RuntimeError: that release failed.
    """
    ground.prepare_release()
    ground.control("DELETE", "/requests")
    up = ground.begin_up()
    checkpoints = ground.count_checkpoints(up)
    run = up.wait()
    if run.code != 0:
        raise RuntimeError(f"The undisturbed release failed, so nothing can be tried:\n{run.text}")
    ref = re.compile(rf"(?<![\w-]){ground.ref}(?![\w-])")
    requests = [
        (request["method"], ref.sub("{ref}", request["path"])) for request in ground.control("GET", "/requests")
    ]
    counts = Counter(requests)
    points = [
        Point(method, path, earlier)
        for (method, path), count in counts.items()
        for earlier in dict.fromkeys((0, count - 1))
    ]
    return points, checkpoints


def all_cases(points: Sequence[Point], checkpoints: int) -> Iterator[Disturbance]:
    """Give the whole matrix for the requests and the checkpoints of a recorded release."""
    for point in points:
        yield from _request_faults(point)
    for point in points:
        yield KillAtRequest(point, "engine")
        if _is_of_a_step(point):
            yield KillAtRequest(point, "command")
        if _is_of_the_cli(point):
            yield KillAtRequest(point, "CLI")
        if _is_of_the_cli(point):
            yield StateDiskFull(point)
            yield from (ClockJump(point, seconds) for seconds in (_HOUR, -_HOUR))
    yield from _statements()
    yield from (KillAtCheckpoint(number + 1) for number in range(checkpoints))
    yield LockHeld(_HELD_SECONDS)
    yield ForeignLease()
    yield SecondRelease(own_state=False)
    yield SecondRelease(own_state=True)


def first_up_cases(points: Sequence[Point]) -> Iterator[Disturbance]:
    """Give the matrix for the requests of a recorded first `up` that reach the platforms' APIs.

    What its smoke tests ask the project itself is theirs to report.
    """
    for point in points:
        if not point.path.startswith(("/v1/", "/api/")):
            continue
        yield from _request_faults(point)
        if _is_write(point):
            yield KillAtRequest(point, "engine")


def sample(cases: Iterable[Case], count: int | None, seed: int) -> list[Case]:
    """Give the cases, or `count` of them, in an order in which every kind comes before any comes twice."""
    listed = sorted(cases, key=lambda case: case.name)
    chooser = random.Random(seed)  # noqa: S311 - a sample, no secret
    chooser.shuffle(listed)
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int, Case]] = []
    for case in listed:
        ranked.append((seen[case.kind], len(ranked), case))
        seen[case.kind] += 1
    ranked.sort(key=lambda entry: entry[:2])
    return [case for _, _, case in ranked[:count]]


def _request_faults(point: Point) -> Iterator[RequestFault]:
    # The GitHub plugin waits only for what has GitHub's own words.
    busy = _GITHUB_BUSY if point.path.startswith("/api/") else _SUPABASE_BUSY
    writes = _is_write(point)
    faults: dict[str, dict[str, Any]] = {
        "429 with Retry-After": {"action": "respond", "status": 429, "headers": {"retry-after": "1"}, "body": busy},
        "429": {"action": "respond", "status": 429, "body": busy},
        "500": {"action": "respond", "status": 500, "body": {"message": "Internal Server Error"}},
        "connection dropped before it": {"action": "drop_before"},
    }
    if writes:
        faults["connection dropped after it"] = {"action": "drop_after"}
    if writes or not point.earlier:
        seconds = _CLI_SECONDS if _is_of_the_cli(point) else _CLIENT_SECONDS
        faults["time-out"] = {"action": "delay", "seconds": seconds}
    for how, fault in faults.items():
        yield RequestFault(point, how, fault)


def _is_write(point: Point) -> bool:
    return point.method in _WRITES and not _READING.search(point.path)


def _is_of_a_step(point: Point) -> bool:
    # The first look at the project and at its functions is the program's, later ones are the steps'.
    later = point.path in {"/v1/projects/{ref}", "/v1/projects/{ref}/functions"} and point.earlier > 0
    return later or _is_of_the_cli(point) or point.path.endswith(("/config/database/pooler", "/api-keys"))


def _is_of_the_cli(point: Point) -> bool:
    return point.path.endswith("/functions/deploy")


def _statements() -> Iterator[Disturbance]:
    places = {
        f"statement {number + 1} of the {file} migration": _STATEMENT_LOCK.format(f"{{step:{file}.{number}}}")
        for file in FILES
        for number in range(STATEMENTS)
    }
    in_push = list(places)
    places |= {
        "the plan's query of the manifest": "lock table release.manifest in access exclusive mode",
        "a step takes the lease": "lock table release.lease in exclusive mode",
        "a step reads the ledger": "lock table supabase_migrations.schema_migrations in access exclusive mode",
        "the push writes the ledger": "lock table supabase_migrations.schema_migrations in share mode",
        "a step notes what it did": "lock table release.manifest in share mode",
        "the release is recorded": "lock table release.records in share mode",
    }
    for what, lock in places.items():
        yield BackendKill(what, lock)
        yield DatabaseRestart(what, lock)
    for what in (in_push[0], in_push[-1]):
        for victim in ("engine", "command", "CLI"):
            yield KillAtStatement(what, places[what], victim)
    for what in ("a step notes what it did", "the release is recorded"):
        for victim in ("engine", "command"):
            yield KillAtStatement(what, places[what], victim)
    written = {
        "the first migration is applied": "select max(version) from supabase_migrations.schema_migrations",
        "a function is noted": "select max(updated_at) from release.manifest where part like 'function:%'",
        "the smoke tests are noted": "select updated_at from release.manifest where part = 'smoke'",
        "the record is written": "select count(*) from release.records",
    }
    for what, query in written.items():
        yield KillAfterCommit(what, query)
    yield LeaseLost(in_push[-1], places[in_push[-1]])
