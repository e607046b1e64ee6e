import getpass
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.resources import files

import psutil
import pytest
from psycopg.rows import DictRow

from release import lease
from release.database import Connection, connect, find_database
from release.error import ReleaseError
from release.management_api import ManagementApi
from release.target import Target
from tests.conftest import LocalCloudUnderTest

ELSEWHERE = "ada@another-machine process 7 started 1.00"


def holder_here(pid: int, begun: float) -> str:
    return f"{getpass.getuser()}@{socket.gethostname()} process {pid} begun {begun:.2f} s after the system"


@pytest.fixture(scope="module")
def database(local_cloud: LocalCloudUnderTest) -> Iterator[Connection]:
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    ref = local_cloud.create_project("lease", organization)
    variables = local_cloud.environment
    target = Target(
        stack="s", ref=ref, name="lease", organization=organization, api_endpoint=local_cloud.url, url=local_cloud.url
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGSSLMODE", "disable")
        with (
            ManagementApi(target, variables["SUPABASE_ACCESS_TOKEN"]) as api,
            connect(find_database(api), variables["SUPABASE_DB_PASSWORD"]) as connection,
        ):
            connection.execute(files("release").joinpath("schema.sql").read_bytes())
            yield connection


@pytest.fixture
def connection(database: Connection) -> Connection:
    database.execute("delete from release.lease")
    return database


def test_a_holder_renews_its_lease_under_the_same_fencing_token(connection: Connection) -> None:
    assert lease.hold(connection, "one") == 1
    connection.execute("update release.lease set expires_at = now() + interval '1 second'")
    assert lease.hold(connection, "one") == 1
    row = connection.execute("select expires_at > now() + interval '1 minute' as renewed from release.lease").fetchone()
    assert row == {"renewed": True}


def test_a_second_holder_is_told_who_releases_and_until_when(connection: Connection) -> None:
    lease.hold(connection, ELSEWHERE)
    with pytest.raises(ReleaseError, match=r"under way: ada@another-machine process 7.*until \d\d:\d\d:\d\d UTC"):
        lease.hold(connection, "two")
    assert connection.execute("select holder from release.lease").fetchall() == [{"holder": ELSEWHERE}]


def test_an_expired_or_freed_lease_changes_hands_with_a_new_token(connection: Connection) -> None:
    lease.hold(connection, ELSEWHERE)
    connection.execute("update release.lease set expires_at = now() - interval '1 second'")
    assert lease.hold(connection, "two") == 2
    lease.free(connection, "two")
    assert lease.hold(connection, "three") == 3


def test_freeing_somebody_elses_lease_does_nothing(connection: Connection) -> None:
    lease.hold(connection, ELSEWHERE)
    lease.free(connection, "two")
    with pytest.raises(ReleaseError, match="Another release is under way"):
        lease.hold(connection, "two")


def test_a_holder_of_this_machine_that_is_gone_is_succeeded_at_once(connection: Connection) -> None:
    # The same process id, and another start time: the process that had it is gone.
    lease.hold(connection, holder_here(os.getpid(), 1.0))
    assert lease.hold(connection, "two") == 2


def test_a_holder_of_this_machine_that_runs_is_not(connection: Connection) -> None:
    lease.hold(connection, lease.name_holder())
    with pytest.raises(ReleaseError, match="Another release is under way"):
        lease.hold(connection, "two")


def test_steps_that_begin_together_succeed_a_holder_that_is_gone_together(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease.hold(connection, holder_here(os.getpid(), 1.0))
    look = lease._current  # noqa: SLF001 - the moment before this look is what the test is about
    of_the_other: list[int] = []

    def look_after_the_other(seen: Connection) -> DictRow | None:
        monkeypatch.setattr(lease, "_current", look)
        of_the_other.append(lease.hold(seen, lease.name_holder()))
        return look(seen)

    monkeypatch.setattr(lease, "_current", look_after_the_other)
    assert lease.hold(connection, lease.name_holder()) == 2
    assert of_the_other == [2]


def test_a_holder_that_ended_and_that_nobody_waited_for_is_gone(connection: Connection) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        process = psutil.Process(ended.pid)
        begun = process.create_time() - psutil.Process(1).create_time()
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        lease.hold(connection, holder_here(ended.pid, begun))
        assert lease.hold(connection, "two") == 2


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere a process keeps the time of its begin")
def test_a_clock_that_is_set_while_a_release_runs_makes_nobody_else_of_its_holder(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = lease.name_holder()
    lease.hold(connection, holder)
    # What psutil tells of a process's begin is counted from here.
    later = psutil.boot_time() + 1
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: later)
    assert lease.name_holder() == holder
    with pytest.raises(ReleaseError, match="Another release is under way"):
        lease.hold(connection, "two")


def test_a_write_is_refused_once_the_lease_is_lost(connection: Connection) -> None:
    lease.hold(connection, "one")
    with connection.transaction():
        assert lease.check(connection, "one") == 1
    connection.execute("update release.lease set expires_at = now() - interval '1 second'")
    lease.hold(connection, "two")
    with pytest.raises(ReleaseError, match="lease of this release was lost"), connection.transaction():
        lease.check(connection, "one")


def test_the_api_roles_see_nothing_of_the_release(connection: Connection) -> None:
    rows = connection.execute(
        "select role from unnest(array['anon', 'authenticated', 'service_role']) as role"
        " where has_schema_privilege(role, 'release', 'usage')"
    ).fetchall()
    assert rows == []
