"""A project of the local cloud into which a test releases the backend by hand."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from tests.conftest import ROOT, LocalCloudUnderTest

BACKEND = ROOT / "backend"


@dataclass(frozen=True)
class BackendProject:
    """A project, and a copy of the backend that the Supabase CLI may write into."""

    cloud: LocalCloudUnderTest
    ref: str
    copy: Path

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[TupleRow]]:
        """Open an autocommit session as the role that runs migrations."""
        password = self.cloud.environment["SUPABASE_DB_PASSWORD"]
        with psycopg.connect(self._database_url(), password=password, autocommit=True) as connection:
            yield connection

    def push(self) -> None:
        """Apply the copy's migrations."""
        self._supabase("db", "push", f"--remote={self._database_url()}")

    def deploy(self, function: str) -> None:
        """Deploy one function of the copy."""
        self._supabase("functions", "deploy", function, f"--remote={self.ref}", "--use-api")

    def set_function_secret(self, name: str, value: str) -> None:
        answer = self.cloud.api("POST", f"/projects/{self.ref}/secrets", [{"name": name, "value": value}])
        assert answer.status_code == 201, answer.text

    def keys(self) -> dict[str, str]:
        """Give the project's API keys by kind: publishable and secret."""
        answer = self.cloud.api("GET", f"/projects/{self.ref}/api-keys", params={"reveal": "true"})
        return {key["type"]: key["api_key"] for key in answer.json()}

    def smoke_tests(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the smoke tests against the project."""
        url = self.cloud.environment["SUPABASE_PROJECT_URL"].replace("{ref}", self.ref)
        script = str(self.copy / "scripts" / "smoke-tests.ts")
        keys = self.keys()
        return self._run(
            ["deno", "run", "--allow-net", "--allow-env", script, url, *arguments],
            {"SUPABASE_PUBLISHABLE_KEY": keys["publishable"], "SUPABASE_SECRET_KEY": keys["secret"]},
        )

    def _supabase(self, *arguments: str) -> None:
        """Run the Supabase CLI; whatever it warns of fails the test."""
        environment = {
            "PGPASSWORD": self.cloud.environment["SUPABASE_DB_PASSWORD"],
            "SUPABASE_HOME": str(self.copy / ".home"),
        }
        told = self._run(["supabase", *arguments, "--yes", "--output-format", "json", "--agent", "no"], environment)
        assert told.returncode == 0, told.stdout + told.stderr
        assert "WARN" not in told.stderr, told.stderr

    def _run(self, command: list[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=self.copy,
            env={**os.environ, **self.cloud.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def _database_url(self) -> str:
        poolers = self.cloud.api("GET", f"/projects/{self.ref}/config/database/pooler").json()
        pooler: dict[str, Any] = next(one for one in poolers if one["database_type"] == "PRIMARY")
        return "postgresql://{db_user}@{db_host}:{db_port}/{db_name}?sslmode=disable".format(**pooler)
