"""Local clouds for tests: each with a folder and ports of its own, gone without a trace afterwards."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from localcloud.durable import read_json
from localcloud.environment import environment
from localcloud.place import Place

# One client, as each makes a TLS context of its own; no connection is kept, since tests kill the other end.
_client = httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))
ROOT = Path(__file__).resolve().parent.parent
# In a script's background SIGINT is ignored: interrupts would not arrive, and the engine would wait 5 s for a language
# host that it asks to end.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class LocalCloudUnderTest:
    """A local cloud run as users run it, by its command line."""

    directory: Path
    source: Path = ROOT

    @property
    def url(self) -> str:
        return Place(self.directory).url()

    @property
    def environment(self) -> dict[str, str]:
        """What `exec` sets, on top of nothing."""
        return environment(Place(self.directory))

    @property
    def pid(self) -> int:
        return int(read_json(self.directory / "process.json")["pid"])

    def run(self, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        """Run `python -m localcloud …` for this folder."""
        return subprocess.run(
            [sys.executable, "-m", "localcloud", *arguments],
            cwd=self.source,
            env={**os.environ, "PYTHONPATH": str(ROOT), "LOCALCLOUD_DIR": str(self.directory)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            **options,
        )

    def start(self) -> None:
        told = self.run("start")
        assert told.returncode == 0, told.stderr

    def stop(self) -> None:
        told = self.run("stop")
        assert told.returncode == 0, told.stderr

    def kill(self) -> None:
        """End its process as a power cut would, and wait until the databases that it had started are gone."""
        psutil.Process(self.pid).kill()
        deadline = time.monotonic() + 20
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.processes() == []

    def processes(self) -> list[psutil.Process]:
        """Give every process that has this folder in its command line or environment."""
        mine = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                named = any(str(self.directory) in word for word in process.cmdline())
                if named or process.environ().get("LOCALCLOUD_DIR") == str(self.directory):
                    mine.append(process)
        return mine

    def clean_up(self) -> None:
        """Stop it for sure; what is left then is ended, and fails the test."""
        self.run("stop")
        left = self.processes()
        for process in left:
            process.kill()
        assert left == []

    def control(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return _client.request(method, f"{self.url}/_control{path}", json=body)

    def api(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **options: Any
    ) -> httpx.Response:
        """Call the Supabase Management API, as the owner where no token is given."""
        token = token or Place(self.directory).credentials().supabase_access_token
        headers = {"Authorization": f"Bearer {token}"}
        return _client.request(method, f"{self.url}/v1{path}", json=body, headers=headers, **options)

    def github_token(self, **whom: str) -> str:
        """Issue a GitHub token for a user (`login`) or an app (`app`, by its slug)."""
        answer = self.control("POST", "/github-tokens", whom)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def github_api(self, method: str, path: str, body: Any = None, *, token: str) -> httpx.Response:
        """Call GitHub's REST API."""
        headers = {"Authorization": f"Bearer {token}"}
        return _client.request(method, f"{self.url}/api/v3{path}", json=body, headers=headers)

    @contextlib.contextmanager
    def plan_of(self, ref: str, plan: str) -> Iterator[None]:
        """Let the organisation of a project have another plan for a while."""
        slug = self.api("GET", f"/projects/{ref}").json()["organization_slug"]
        before = self.api("GET", f"/organizations/{slug}").json()["plan"]
        self.control("PUT", f"/organizations/{slug}/plan", plan)
        try:
            yield
        finally:
            self.control("PUT", f"/organizations/{slug}/plan", before)

    def create_project(self, name: str, organization: str) -> str:
        """Create a project, wait until it is healthy, and give its ref."""
        body = {
            "name": name,
            "organization_slug": organization,
            "db_pass": Place(self.directory).credentials().supabase_db_password,
            "region_selection": {"type": "specific", "code": "eu-central-1"},
        }
        answer = self.api("POST", "/projects", body)
        assert answer.status_code == 201, answer.text
        ref = str(answer.json()["ref"])
        self.wait_for(ref, "ACTIVE_HEALTHY")
        return ref

    def wait_for(self, ref: str, status: str) -> None:
        deadline, pause = time.monotonic() + 60, 0.1
        while (shown := self.api("GET", f"/projects/{ref}").json().get("status")) != status:
            assert time.monotonic() < deadline, f"{ref} is {shown}, not {status}"
            time.sleep(pause)
            pause = min(1.0, pause * 1.1)  # asking at most 120 times a minute


@contextlib.contextmanager
def _running(directory: Path) -> Iterator[LocalCloudUnderTest]:
    cloud = LocalCloudUnderTest(directory)
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.clean_up()


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloudUnderTest]:
    """A running local cloud shared by tests that only add to it; its seeded organisation may have many projects."""
    with _running(tmp_path_factory.mktemp("cloud")) as cloud:
        for organization in cloud.api("GET", "/organizations").json():
            cloud.control("PUT", f"/organizations/{organization['slug']}/plan", "pro")
        yield cloud


@pytest.fixture(scope="module")
def file_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloudUnderTest]:
    """A running local cloud of one file of tests, which counts what is in it."""
    with _running(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[LocalCloudUnderTest]:
    """A running local cloud of one test, which may stop and break it."""
    with _running(tmp_path / "cloud") as cloud:
        yield cloud
