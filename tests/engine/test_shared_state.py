"""A state that several machines share, on an S3-compatible server. The tests run in order on one stack."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from faults.small_backend import SmallBackend
from tests.engine.checkout import Run
from tests.engine.object_store import ObjectStore, object_store, read_only

# The server is built the first time that it is needed.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

_BUCKET = "states"
_STACK = "staging"
_SECONDS = 120.0
_DEPLOY = {"method": "POST", "path": ".*/functions/deploy"}


@dataclass(frozen=True)
class Runner:
    """A machine: a clone of the project, and the shared state."""

    directory: Path
    environment: dict[str, str] = field(repr=False)

    def begin(self, *command: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command, cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, *command: str) -> Run:
        return ended(self.begin(*command))

    def begin_up(self) -> "subprocess.Popen[str]":
        return self.begin("pulumi", "up", "--stack", _STACK, "--yes", "--skip-preview")


@dataclass(frozen=True)
class Team:
    """Two runners, the store of their state, and what they release to."""

    ground: SmallBackend
    store: ObjectStore = field(repr=False)
    first: Runner
    second: Runner

    def release(self) -> None:
        """Write the next release's sources into both clones, as a push and a pull do."""
        self.ground.prepare_release()
        self.ground.checkout.commit(f"release {self.ground.release}")
        for runner in (self.first, self.second):
            subprocess.run(["git", "pull", "--quiet"], cwd=runner.directory, check=True)

    def locks(self) -> set[str]:
        return {name for name in self.store.names(_BUCKET) if "/locks/" in name}

    def deploys(self) -> int:
        """Count the deploys that the cloud has seen since they were forgotten."""
        requests = self.ground.control("GET", "/requests")
        return sum(entry["method"] == "POST" and entry["path"].endswith("/functions/deploy") for entry in requests)


def ended(process: "subprocess.Popen[str]") -> Run:
    text, _ = process.communicate(timeout=_SECONDS)
    return Run(process.returncode, text)


def eventually(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    with SmallBackend.prepared() as ground, object_store(folder, _BUCKET) as store:
        runners = []
        for name in ("first", "second"):
            subprocess.run(["git", "clone", "--quiet", str(ground.checkout.directory), str(folder / name)], check=True)
            runners.append(Runner(folder / name, {**ground.live.variables, **store.environment(_BUCKET)}))
        yield Team(ground, store, *runners)


def test_a_state_moves_there_with_the_documented_commands(team: Team, tmp_path: Path) -> None:
    kept = Runner(team.first.directory, team.ground.live.variables)
    state = str(tmp_path / "state.json")
    for runner, command in (
        (kept, ("pulumi", "stack", "export", "--stack", _STACK, "--file", state)),
        (team.first, ("pulumi", "stack", "init", _STACK)),
        (team.first, ("pulumi", "stack", "import", "--stack", _STACK, "--file", state)),
    ):
        done = runner.run(*command)
        assert done.code == 0, done.text
    previewed = team.second.run("pulumi", "preview", "--stack", _STACK, "--non-interactive", "--expect-no-changes")
    assert previewed.code == 0, previewed.text
    tracked = subprocess.run(
        ["git", "status", "--porcelain"], cwd=team.first.directory, capture_output=True, text=True, check=True
    )
    assert tracked.stdout == ""


def test_one_releases_and_the_other_sees_it(team: Team) -> None:
    team.release()
    released = ended(team.first.begin_up())
    assert released.code == 0, released.text
    previewed = team.second.run("pulumi", "preview", "--stack", _STACK, "--non-interactive", "--expect-no-changes")
    assert previewed.code == 0, previewed.text
    assert team.ground.live.function("one").text == f"one {team.ground.release}"
    # The state is there and only there.
    kept = (team.ground.checkout.directory / ".local/pulumi/.pulumi/stacks").rglob(f"{_STACK}.json")
    assert all(f"release_{team.ground.release}" not in path.read_text(encoding="utf-8") for path in kept)


def test_a_preview_and_an_audit_need_only_read_the_bucket(team: Team) -> None:
    with read_only(team.store) as store:
        reader = Runner(team.second.directory, {**team.second.environment, **store.environment(_BUCKET)})
        before = team.store.names(_BUCKET)
        for command in (
            ("pulumi", "preview", "--stack", _STACK, "--non-interactive", "--expect-no-changes"),
            ("python", "-m", "ops", "audit", "--stack", _STACK, "--json"),
        ):
            read = reader.run(*command)
            assert read.code == 0, read.text
        refused = ended(reader.begin_up())
        assert refused.code != 0
        assert "AccessDenied" in refused.text or "read only" in refused.text.lower(), refused.text
        assert team.store.names(_BUCKET) == before


def test_of_two_at_once_one_works_and_the_other_is_told_why_it_does_not(team: Team) -> None:
    team.release()
    team.ground.control("DELETE", "/requests")
    team.ground.control("POST", "/faults", {**_DEPLOY, "action": "delay", "seconds": 3.0, "times": 1})
    first = team.first.begin_up()
    eventually(team.locks, "the engine locks the state")
    second = ended(team.second.begin_up())
    assert second.code != 0
    assert "currently locked by 1 lock" in second.text
    assert "pulumi cancel" in second.text
    released = ended(first)
    assert released.code == 0, released.text
    assert team.deploys() == 2
    assert team.locks() == set()
    after = ended(team.second.begin_up())
    assert after.code == 0, after.text
    assert team.deploys() == 2
    assert team.ground.broken_promises() == []


def test_a_killed_runner_is_recovered_by_another_with_the_documented_commands(team: Team) -> None:
    team.release()
    team.ground.control("POST", "/faults", {**_DEPLOY, "action": "delay", "seconds": 5.0, "times": 1})
    team.ground.control("DELETE", "/requests")
    killed = team.first.begin_up()
    eventually(team.deploys, "a function is deployed")
    os.kill(killed.pid, signal.SIGKILL)
    ended(killed)
    refused = ended(team.second.begin_up())
    assert refused.code != 0
    assert "pulumi cancel" in refused.text
    cancelled = team.second.run("pulumi", "cancel", "--stack", _STACK, "--yes")
    assert cancelled.code == 0, cancelled.text
    recovered = ended(team.second.begin_up())
    assert recovered.code == 0, recovered.text
    previewed = team.first.run("pulumi", "preview", "--stack", _STACK, "--non-interactive", "--expect-no-changes")
    assert previewed.code == 0, previewed.text
    assert team.ground.broken_promises() == []
    assert {slug: team.ground.live.function(slug).text for slug in ("one", "two")} == {
        slug: f"{slug} {team.ground.release}" for slug in ("one", "two")
    }


def test_audit_and_rollback_run_on_it(team: Team) -> None:
    audited = team.second.run("python", "-m", "ops", "audit", "--stack", _STACK, "--json")
    assert audited.code == 0, audited.text
    told = json.loads(audited.text[audited.text.index("{") :])
    # What is no difference is told besides: this repository has merged no pull request that shows its checks.
    assert [finding for finding in told["findings"] if finding["severity"] != "info"] == []
    rolled_back = team.second.run("python", "-m", "ops", "rollback", "--stack", _STACK, "--yes", "--json")
    assert rolled_back.code == 0, rolled_back.text
    assert team.ground.live.function("one").text == f"one {team.ground.release - 1}"
    cleared = team.first.run("python", "-m", "ops", "rollback", "--stack", _STACK, "--clear", "--yes", "--json")
    assert cleared.code == 0, cleared.text
    released = ended(team.first.begin_up())
    assert released.code == 0, released.text
    assert team.ground.live.function("one").text == f"one {team.ground.release}"
