"""The commands of the real CLI that a release path and people use: each works, or the local cloud names itself."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from localcloud.place import HOST, Place
from tests.conftest import LocalCloudUnderTest

SOURCE = 'Deno.serve(() => { console.warn("seen"); return new Response("hello"); });\n'
MIGRATION = "create table by_cli (id int primary key);\n"


class Cli:
    """The CLI in a folder with a backend, pointed at a local cloud as `exec` points it."""

    def __init__(self, cloud: LocalCloudUnderTest, folder: Path, ref: str) -> None:
        self.cloud, self.folder, self.ref = cloud, folder, ref
        function = folder / "supabase" / "functions" / "hello"
        function.mkdir(parents=True)
        (function / "index.ts").write_text(SOURCE)
        (folder / "supabase" / "config.toml").write_text('project_id = "cli"\n[functions.hello]\nverify_jwt = false\n')
        migrations = folder / "supabase" / "migrations"
        migrations.mkdir()
        (migrations / "20260101000000_by_cli.sql").write_text(MIGRATION)

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        command = ["supabase", *arguments, "--yes", "--output-format", "json", "--agent", "no"]
        environment = {**os.environ, **self.cloud.environment, "SUPABASE_HOME": str(self.folder / "home"),
                       "SUPABASE_API_MAX_RETRIES": "0", **variables}  # fmt: skip
        return subprocess.run(
            [*command, "--workdir", str(self.folder)],
            cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=60,
        )  # fmt: skip

    def __call__(self, *arguments: str, **variables: str) -> Any:
        """Run a command that has to succeed, and give its JSON."""
        told = self.run(*arguments, **variables)
        assert told.returncode == 0, told.stdout + told.stderr
        return json.loads(told.stdout) if told.stdout.strip() else None


@pytest.fixture(scope="module")
def cli(local_cloud: LocalCloudUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    ref = local_cloud.create_project("for the cli", organization)
    return Cli(local_cloud, tmp_path_factory.mktemp("cli"), ref)


def test_functions_and_their_logs(cli: Cli) -> None:
    remote = f"--remote={cli.ref}"
    cli("functions", "deploy", "hello", remote, "--use-api")
    assert httpx.get(f"{cli.cloud.url}/projects/{cli.ref}/functions/v1/hello", timeout=60).text == "hello"
    assert "hello" in json.dumps(cli("functions", "list", remote))
    source = cli.folder / "supabase" / "functions" / "hello" / "index.ts"
    source.unlink()
    cli("functions", "download", "hello", remote, "--use-api")
    assert source.read_text() == SOURCE
    lines = json.dumps(cli("logs", remote, "--service", "functions"))
    assert "seen" in lines
    everything = json.dumps(cli("logs", remote, "--search", "/functions/v1/hello", "--level", "info"))
    assert "GET | 200 | " in everything
    cli("functions", "delete", "hello", remote)
    assert "hello" not in json.dumps(cli("functions", "list", remote))


def test_secrets(cli: Cli) -> None:
    remote = f"--remote={cli.ref}"
    cli("secrets", "set", "GREETING=hello", remote)
    assert "GREETING" in json.dumps(cli("secrets", "list", remote))
    cli("secrets", "unset", "GREETING", remote)
    assert "GREETING" not in json.dumps(cli("secrets", "list", remote))


def test_migrations_through_the_pooler(cli: Cli) -> None:
    place = Place(cli.cloud.directory)
    ports = place.ports()
    assert ports is not None
    remote = f"--remote=postgresql://postgres.{cli.ref}@{HOST}:{ports[1]}/postgres"
    password = {"PGPASSWORD": place.credentials().supabase_db_password}
    cli("db", "push", remote, **password)
    listed = cli("migration", "list", remote, **password)
    assert [(m["local"], m["remote"]) for m in listed["migrations"]] == [("20260101000000", "20260101000000")]
    rows = json.dumps(cli("db", "query", "select count(*) as n from by_cli", f"--remote={cli.ref}", "--read-only"))
    assert '"n": 0' in rows
    assert "rls_disabled_in_public" in json.dumps(cli("db", "advisors", f"--remote={cli.ref}"))


def test_a_push_by_ref_fails_as_on_a_network_without_ipv6(cli: Cli) -> None:
    told = cli.run("db", "push", f"--remote={cli.ref}")
    assert told.returncode == 1
    assert "IPv6 is not supported" in told.stdout + told.stderr


def test_projects_and_organizations(cli: Cli) -> None:
    organization = cli.cloud.api("GET", "/organizations").json()[0]["slug"]
    assert organization in json.dumps(cli("orgs", "list"))
    cli("projects", "create", "made-by-cli", "--org-id", organization, "--db-password", "some-password",
        "--region", "eu-central-1")  # fmt: skip
    listed = {project["name"]: project["ref"] for project in cli.cloud.api("GET", "/projects").json()}
    assert "made-by-cli" in json.dumps(cli("projects", "list"))
    cli.cloud.wait_for(listed["made-by-cli"], "ACTIVE_HEALTHY")
    cli("projects", "delete", listed["made-by-cli"])
    assert cli.cloud.api("GET", f"/projects/{listed['made-by-cli']}").status_code == 404


def test_backups_keys_and_bans(cli: Cli) -> None:
    where = ("--project-ref", cli.ref)
    assert cli("backups", "list", *where)["pitr_enabled"] is False
    assert "service_role" in json.dumps(cli("projects", "api-keys", *where))
    assert "banned" in json.dumps(cli("network-bans", "get", "--experimental", *where))


def test_link(cli: Cli) -> None:
    cli("link", "--project-ref", cli.ref)
    assert cli("secrets", "list", "--remote")
