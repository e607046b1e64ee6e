import contextlib
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from localcloud import background
from localcloud.place import Place
from tests.conftest import LocalCloudUnderTest


def _query(cloud: LocalCloudUnderTest, ref: str, sql: str) -> object:
    answer = cloud.api("POST", f"/projects/{ref}/database/query", {"query": sql})
    assert answer.status_code == 201, answer.text
    return answer.json()


def _adopted(cloud: LocalCloudUnderTest) -> str:
    return str(cloud.api("GET", "/projects").json()[0]["ref"])


def _postmaster(cloud: LocalCloudUnderTest, ref: str) -> int | None:
    projects = cloud.control("GET", "/health").json()["projects"]
    pid: int | None = next(project["database_pid"] for project in projects if project["ref"] == ref)
    return pid


def test_data_addresses_and_credentials_survive_stop_and_start(own_cloud: LocalCloudUnderTest) -> None:
    ref = _adopted(own_cloud)
    _query(own_cloud, ref, "create table kept as select 7 as seven")
    before = own_cloud.environment
    own_cloud.stop()
    assert own_cloud.processes() == []
    own_cloud.start()
    assert own_cloud.environment == before
    assert _query(own_cloud, ref, "select seven from kept") == [{"seven": 7}]


def test_a_killed_local_cloud_leaves_no_process_and_comes_back_with_its_data(own_cloud: LocalCloudUnderTest) -> None:
    ref = _adopted(own_cloud)
    _query(own_cloud, ref, "create table kept as select 7 as seven")
    own_cloud.api("POST", f"/projects/{ref}/secrets", [{"name": "KEPT", "value": "x"}])
    own_cloud.kill()
    own_cloud.start()
    assert _query(own_cloud, ref, "select seven from kept") == [{"seven": 7}]
    assert "KEPT" in {secret["name"] for secret in own_cloud.api("GET", f"/projects/{ref}/secrets").json()}


def test_killed_together_with_every_database_it_comes_back_with_its_data(own_cloud: LocalCloudUnderTest) -> None:
    ref = _adopted(own_cloud)
    _query(own_cloud, ref, "create table kept as select 7 as seven")
    postmaster = _postmaster(own_cloud, ref)
    assert postmaster is not None
    victims = [psutil.Process(own_cloud.pid), psutil.Process(postmaster), *psutil.Process(postmaster).children()]
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):  # it may follow its parent by itself
            victim.kill()
    psutil.wait_procs(victims, timeout=10)
    own_cloud.start()
    assert _query(own_cloud, ref, "select seven from kept") == [{"seven": 7}]


def test_a_project_that_was_coming_up_when_it_was_killed_comes_up_afterwards(own_cloud: LocalCloudUnderTest) -> None:
    organization = own_cloud.api("GET", "/organizations").json()[0]["slug"]
    body = {"name": "late", "organization_slug": organization, "db_pass": "secret-of-it", "region": "eu-central-1"}
    ref = own_cloud.api("POST", "/projects", body).json()["ref"]
    time.sleep(0.2)
    own_cloud.kill()
    own_cloud.start()
    own_cloud.wait_for(ref, "ACTIVE_HEALTHY")
    assert _query(own_cloud, ref, "select 7 as seven") == [{"seven": 7}]
    folders = {path.name for path in (own_cloud.directory / "databases").iterdir() if path.is_dir()}
    assert folders == {ref}


def test_a_killed_database_is_up_again_for_the_next_call(own_cloud: LocalCloudUnderTest) -> None:
    ref = _adopted(own_cloud)
    _query(own_cloud, ref, "create table kept as select 7 as seven")
    first = _postmaster(own_cloud, ref)
    psutil.Process(first).send_signal(signal.SIGKILL)
    assert _query(own_cloud, ref, "select seven from kept") == [{"seven": 7}]
    assert _postmaster(own_cloud, ref) not in {None, first}


def test_a_killed_database_is_started_again_without_a_call(own_cloud: LocalCloudUnderTest) -> None:
    ref = _adopted(own_cloud)
    _query(own_cloud, ref, "select 1")
    first = _postmaster(own_cloud, ref)
    psutil.Process(first).send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while _postmaster(own_cloud, ref) in {None, first}:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_pid_file_that_names_a_foreign_process_does_not_keep_a_database_down(
    own_cloud: LocalCloudUnderTest,
) -> None:
    ref = _adopted(own_cloud)
    _query(own_cloud, ref, "create table kept as select 7 as seven")
    pid_file = own_cloud.directory / "databases" / ref / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    own_cloud.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        own_cloud.start()
        assert _query(own_cloud, ref, "select seven from kept") == [{"seven": 7}]
        assert stranger.poll() is None
        stranger.kill()


def test_several_starts_at_once_make_one_local_cloud(tmp_path: Path) -> None:
    cloud = LocalCloudUnderTest(tmp_path / "cloud")
    try:
        with ThreadPoolExecutor() as pool:
            told = [future.result() for future in [pool.submit(cloud.run, "start") for _ in range(3)]]
        assert [result.returncode for result in told] == [0, 0, 0], told
        time.sleep(1)
        assert len([process for process in cloud.processes() if "serve" in process.cmdline()]) == 1
    finally:
        cloud.clean_up()


def test_stop_does_not_end_a_foreign_process_that_got_the_number(own_cloud: LocalCloudUnderTest) -> None:
    noted = (own_cloud.directory / "process.json").read_text()
    pid = own_cloud.pid
    own_cloud.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (own_cloud.directory / "process.json").write_text(noted.replace(str(pid), str(stranger.pid)))
        assert "no local cloud is running" in own_cloud.run("stop").stderr
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere a process keeps the time of its begin")
def test_a_local_cloud_is_found_after_the_clock_was_set(
    own_cloud: LocalCloudUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = psutil.boot_time() + 1
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: later)
    assert background.stop(Place(own_cloud.directory))


def test_a_taken_port_is_told_with_its_remedy_and_new_ports_keep_the_data(own_cloud: LocalCloudUnderTest) -> None:
    ref = _adopted(own_cloud)
    own_cloud.stop()
    ports = Place(own_cloud.directory).ports()
    assert ports is not None
    program = f"import socket, time; s = socket.socket(); s.bind(('127.0.0.1', {ports[0]})); s.listen(); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program]) as stranger:
        time.sleep(0.5)
        told = own_cloud.run("start")
        assert told.returncode == 1
        assert f"Port {ports[0]}" in told.stderr
        assert "--new-ports" in told.stderr
        assert own_cloud.run("start", "--new-ports").returncode == 0
        stranger.kill()
    assert _adopted(own_cloud) == ref


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_it_ends_on_a_signal(tmp_path: Path, signal_number: signal.Signals) -> None:
    cloud = LocalCloudUnderTest(tmp_path / "cloud")
    try:
        cloud.start()
        psutil.Process(cloud.pid).send_signal(signal_number)
        deadline = time.monotonic() + 20
        while cloud.processes():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        cloud.clean_up()
