import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, LocalCloudUnderTest


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the project's stack files under git."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "stack files"]):
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)
    return folder


def test_exec_sets_the_environment(local_cloud: LocalCloudUnderTest) -> None:
    told = local_cloud.run("exec", "--", sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))")
    assert told.returncode == 0, told.stderr
    variables = json.loads(told.stdout)
    assert variables["GITHUB_BASE_URL"] == f"{local_cloud.url}/"
    assert variables["SUPABASE_API_ENDPOINT"] == local_cloud.url
    assert variables["SUPABASE_PROJECT_URL"] == f"{local_cloud.url}/projects/{{ref}}"
    assert variables["SUPABASE_ACCESS_TOKEN"].startswith("sbp_")
    assert variables["PULUMI_BACKEND_URL"] == f"file://{local_cloud.directory}/pulumi"
    assert variables.items() >= local_cloud.environment.items()


def test_start_and_exec_tell_once_where_the_page_is(local_cloud: LocalCloudUnderTest) -> None:
    page = f"{local_cloud.url}/ "
    assert local_cloud.run("start").stderr.count(page) == 1
    assert local_cloud.run("exec", "--page", "--", "true").stderr.count(page) == 1
    assert local_cloud.run("exec", "--", "printf", "--page").stdout == "--page"


def test_exec_passes_on_exit_codes(local_cloud: LocalCloudUnderTest) -> None:
    assert local_cloud.run("exec", "--", "sh", "-c", "exit 42").returncode == 42
    missing = local_cloud.run("exec", "--", "no-such-command")
    assert missing.returncode == 127
    assert "no-such-command can not be run" in missing.stderr


def test_exec_passes_on_signals(local_cloud: LocalCloudUnderTest) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "localcloud", "exec", "--", "sh", "-c", "echo ready; exec sleep 60"],
        cwd=ROOT,
        env={**os.environ, "LOCALCLOUD_DIR": str(local_cloud.directory)},
        stdout=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "ready\n"
        command.send_signal(signal.SIGTERM)
        assert command.wait(timeout=10) == -signal.SIGTERM


def test_exec_tells_that_own_credentials_are_not_used(local_cloud: LocalCloudUnderTest) -> None:
    environment = {
        **os.environ,
        "LOCALCLOUD_DIR": str(local_cloud.directory),
        "SUPABASE_ACCESS_TOKEN": "sbp_of-a-real-account",
    }
    told = subprocess.run(
        [sys.executable, "-m", "localcloud", "exec", "--", "printenv", "SUPABASE_ACCESS_TOKEN"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == local_cloud.environment["SUPABASE_ACCESS_TOKEN"]
    assert "SUPABASE_ACCESS_TOKEN" in told.stderr
    assert "sbp_of-a-real-account" not in told.stderr


@pytest.mark.engine
def test_exec_creates_missing_stacks_and_leaves_the_work_tree_clean(
    own_cloud: LocalCloudUnderTest, checkout: Path
) -> None:
    cloud = LocalCloudUnderTest(own_cloud.directory, source=checkout)
    listed = cloud.run("exec", "--", "pulumi", "stack", "ls", "--json")
    assert listed.returncode == 0, listed.stderr
    assert {stack["name"] for stack in json.loads(listed.stdout)} == {"production", "staging"}
    assert "stacks created" in listed.stderr
    secret = cloud.run("exec", "--", "pulumi", "config", "--stack", "staging", "--show-secrets")
    assert secret.returncode == 0, secret.stderr
    again = cloud.run("exec", "--", "true")
    assert "stacks created" not in again.stderr
    status = subprocess.run(["git", "status", "--porcelain"], cwd=checkout, capture_output=True, text=True, check=True)
    assert status.stdout == ""


def test_status_tells_what_runs(own_cloud: LocalCloudUnderTest) -> None:
    told = own_cloud.run("status", "--json")
    state = json.loads(told.stdout)
    assert (told.returncode, state["running"], state["url"]) == (0, True, own_cloud.url)
    assert state["page"] == f"{own_cloud.url}/"
    assert f"status page for a browser: {own_cloud.url}/\n" in own_cloud.run("status").stderr
    own_cloud.stop()
    stopped = own_cloud.run("status", "--json")
    assert (stopped.returncode, json.loads(stopped.stdout)["running"]) == (1, False)


def test_reset_asks_and_then_deletes_everything(own_cloud: LocalCloudUnderTest) -> None:
    refused = own_cloud.run("reset")
    assert refused.returncode == 1
    assert own_cloud.directory.exists()
    assert own_cloud.run("reset", "--yes").returncode == 0
    assert not own_cloud.directory.exists()
    assert own_cloud.processes() == []


def test_the_state_is_for_its_owner_alone(local_cloud: LocalCloudUnderTest) -> None:
    assert local_cloud.directory.stat().st_mode & 0o077 == 0
    assert (local_cloud.directory / "credentials.json").stat().st_mode & 0o077 == 0


def test_no_credential_is_in_a_command_line_or_in_the_log(local_cloud: LocalCloudUnderTest) -> None:
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    local_cloud.create_project("quiet", organization)
    secrets = json.loads((local_cloud.directory / "credentials.json").read_text()).values()
    words = [word for process in local_cloud.processes() for word in process.cmdline()]
    text = " ".join(words) + "".join(path.read_text() for path in local_cloud.directory.rglob("*.log"))
    assert [secret for secret in secrets if secret in text] == []


def test_starting_again_is_quick(local_cloud: LocalCloudUnderTest) -> None:
    begin = time.monotonic()
    assert local_cloud.run("start").returncode == 0
    assert time.monotonic() - begin < 5
