"""A copy of the project with a local cloud of its own, used as a user uses it: through the command line."""

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import DictRow, dict_row

ROOT = Path(__file__).parents[2]
Session = psycopg.Connection[DictRow]
# One for all, as each makes a TLS context of its own; no connection is kept, since tests kill the other end.
_client = httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))
STEPS = {"create", "update", "delete", "replace", "import"}


@dataclass(frozen=True)
class Run:
    """What a command printed, and its exit code."""

    code: int
    text: str


@dataclass(frozen=True)
class Checkout:
    """The copy in `directory`; its cloud's state is below it. Commands of the engine are about `stack`."""

    directory: Path
    stack: str = "staging"

    @classmethod
    def make(cls, directory: Path) -> "Checkout":
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in listed.stdout.splitlines():
            if name.startswith(("tests/", "docs/")) or not (ROOT / name).is_file():
                continue
            copy = directory / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy)
        (directory / ".venv").symlink_to(ROOT / ".venv")
        checkout = cls(directory)
        checkout.git("init", "--quiet", "--initial-branch=main")
        checkout.commit("copy")
        return checkout

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=self.directory, capture_output=True, text=True, check=True).stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def type(self, *command: str, answers: str = "", environment: Mapping[str, str] | None = None) -> Run:
        """Run a command in the folder; it is asked at a terminal where there are answers, and nowhere else."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        keyboard, terminal = pty.openpty()
        try:
            os.write(keyboard, answers.encode())
            result = subprocess.run(
                command,
                cwd=self.directory,
                env={**inherited, **(environment or {})},
                stdin=terminal if answers else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=500,
            )
        finally:
            os.close(keyboard)
            os.close(terminal)
        return Run(result.returncode, result.stdout)

    def localcloud(self, *arguments: str, answers: str = "", environment: Mapping[str, str] | None = None) -> Run:
        """Run `python -m localcloud …`."""
        return self.type(".venv/bin/python", "-m", "localcloud", *arguments, answers=answers, environment=environment)

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> Run:
        """Run a command in the local cloud's environment."""
        if not environment:
            return self.localcloud("exec", "--", *command)
        # exec's own values win over inherited ones, so what a test changes is set behind it.
        changed = [f"{name}={value}" for name, value in environment.items()]
        return self.localcloud("exec", "--", "env", *changed, *command)

    def up(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Run:
        return self.run("pulumi", "up", "--stack", self.stack, "--yes", *arguments, environment=environment)

    def up_well(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        result = self.up(*arguments, environment=environment)
        assert result.code == 0, result.text
        return result.text

    def plan(self, environment: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give what a preview would do: resource name to operation, unchanged ones left out."""
        command = ["pulumi", "preview", "--stack", self.stack, "--json", "--non-interactive"]
        result = self.run(*command, environment=environment)
        assert result.code == 0, result.text
        document = json.loads(result.text[result.text.index("{") :])
        return {step["urn"].split("::")[-1]: step["op"] for step in document["steps"] if step["op"] in STEPS}

    def preview(self) -> str:
        result = self.run("pulumi", "preview", "--stack", self.stack, "--non-interactive")
        assert result.code == 0, result.text
        return result.text

    def output(self, name: str) -> Any:
        result = self.run("pulumi", "stack", "output", "--stack", self.stack, "--json")
        return json.loads(result.text[result.text.index("{") :])[name]

    def variables(self) -> dict[str, str]:
        """Give the environment that the local cloud sets."""
        result = self.run("python", "-c", "import json, os; print(json.dumps(dict(os.environ)))")
        document: dict[str, str] = json.loads(result.text.splitlines()[-1])
        return document

    def state_text(self) -> str:
        """Give everything that the engine keeps, as text."""
        folder = self.directory / ".local" / "pulumi"
        return "\n".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Live:
    """The released project, asked directly."""

    ref: str
    variables: dict[str, str] = field(repr=False)

    @property
    def url(self) -> str:
        return self.variables["SUPABASE_PROJECT_URL"].replace("{ref}", self.ref)

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        token = self.variables["SUPABASE_ACCESS_TOKEN"]
        url = f"{self.variables['SUPABASE_API_ENDPOINT']}/v1/projects/{self.ref}{path}"
        return _client.request(method, url, headers={"Authorization": f"Bearer {token}"}, **options)

    def control(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Move the local cloud's control plane."""
        answer = _client.request(method, f"{self.variables['SUPABASE_API_ENDPOINT']}/_control{path}", json=body)
        answer.raise_for_status()
        return answer

    def function(self, slug: str) -> httpx.Response:
        """Call a function as anybody can."""
        return _client.get(f"{self.url}/functions/v1/{slug}")

    def functions(self) -> dict[str, dict[str, Any]]:
        return {function["slug"]: function for function in self.api("GET", "/functions").json()}

    def github(self, path: str) -> httpx.Response:
        token = self.variables["GITHUB_TOKEN"]
        url = f"{self.variables['GITHUB_BASE_URL'].rstrip('/')}/api/v3{path}"
        return _client.get(url, headers={"Authorization": f"Bearer {token}"})

    def graphql(self, query: str) -> dict[str, Any]:
        token = self.variables["GITHUB_TOKEN"]
        url = f"{self.variables['GITHUB_BASE_URL'].rstrip('/')}/api/graphql"
        answer = _client.post(url, json={"query": query}, headers={"Authorization": f"Bearer {token}"})
        document: dict[str, Any] = answer.json()
        assert "errors" not in document, document
        return dict(document["data"])

    def session(self) -> Session:
        pooler = self.api("GET", "/config/database/pooler").json()[0]
        return psycopg.connect(
            host=pooler["db_host"],
            port=pooler["db_port"],
            user=pooler["db_user"],
            dbname=pooler["db_name"],
            password=self.variables["SUPABASE_DB_PASSWORD"],
            sslmode="disable",
            autocommit=True,
            row_factory=dict_row,
        )

    def sql(self, query: str) -> list[dict[str, Any]]:
        with self.session() as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def ledger(self) -> list[str]:
        return [
            row["version"] for row in self.sql("select version from supabase_migrations.schema_migrations order by 1")
        ]
