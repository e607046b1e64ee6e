"""A copy of the project whose backend has many functions and migrations."""

import shlex
import subprocess
from pathlib import Path
from typing import Any

import httpx

from bench.copy_of_project import Copy

STACK = "staging"
SOURCE = 'Deno.serve(() => new Response("hello"));\n'


class LargeProject(Copy):
    """The copy; its stack is staging.

    Args:
        directory: the folder.
        functions: how many the backend has, those of the reference backend among them.
        migrations: as many, likewise.
    """

    def __init__(self, directory: Path, *, functions: int, migrations: int = 0) -> None:
        self._functions, self._migrations = functions, migrations
        super().__init__(directory)
        # The plain commands know nothing of stacks.
        self.environment["SUPABASE_ACCESS_TOKEN"] = self.environment[f"SUPABASE_ACCESS_TOKEN_{STACK.upper()}"]

    @property
    def backend(self) -> Path:
        """The folder of the sources."""
        return self.directory / "backend"

    def prepare(self) -> None:
        """Add functions and migrations."""
        supabase = self.backend / "supabase"
        present = len(list((supabase / "functions").glob("*/index.ts")))
        with (supabase / "config.toml").open("a", encoding="utf-8") as file:
            for number in range(self._functions - present):
                slug = f"function-{number}"
                file.write(f"\n[functions.{slug}]\nverify_jwt = false\n")
                self._write(slug, SOURCE)
        for number in range(self._migrations - len(list((supabase / "migrations").glob("*.sql")))):
            name = f"2027{number:010d}_table_{number}.sql"
            made = f"create table public.table_{number} (id bigint primary key);\n"
            (supabase / "migrations" / name).write_text(made, encoding="utf-8")
            (supabase / "rollbacks" / name).write_text(f"drop table public.table_{number};\n", encoding="utf-8")

    def up(self) -> float:
        """Release, and give the seconds that it took."""
        return self.time("pulumi", "up", "--stack", STACK, "--yes", "--non-interactive")

    def edit(self, text: str) -> None:
        """Change one function."""
        self._write("function-0", f"{SOURCE}// {text}\n")

    def slow_down(self, seconds: float) -> None:
        """Let each deploy call take that much longer."""
        fault = {"method": "POST", "path": ".*/functions/deploy", "action": "delay", "seconds": seconds, "times": None}
        self.control("POST", "/faults", fault)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Move the local cloud's control plane; gives its answer."""
        answer = httpx.request(method, f"{self.environment['SUPABASE_API_ENDPOINT']}/_control{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def parts(self) -> list[list[str]]:
        """Give the commands that a release of one changed function can't do without."""
        return [
            ["deno", "test", "--allow-all", "--quiet", "--reporter=dot"],
            self._deploy("function-0"),
            ["deno", "run", "--quiet", "--allow-net", "--allow-env", "scripts/smoke-tests.ts", self._url()],
        ]

    def single_deploys(self, *, at_once: int) -> list[str]:
        """Give the command that deploys each function by a command of its own, some at once."""
        slugs = sorted(entry.parent.name for entry in (self.backend / "supabase/functions").glob("*/index.ts"))
        each = shlex.join(self._deploy("{}"))
        return ["bash", "-c", f'printf "%s\\n" "$@" | xargs -P {at_once} -I {{}} {each}', "deploys", *slugs]

    def plain(self) -> list[str]:
        """Give the plain script with its arguments; it runs in the backend's folder."""
        pooler = self._api("/config/database/pooler")[0]
        database = f"postgresql://{pooler['db_user']}@{pooler['db_host']}:{pooler['db_port']}/{pooler['db_name']}"
        return [str(self.directory / "bench" / "plain.sh"), self._ref(), database, self._url()]

    def provide_keys(self) -> None:
        """Give the smoke tests the keys that a release reads for them."""
        keys = {key["type"]: key["api_key"] for key in self._api("/api-keys?reveal=true") if key.get("api_key")}
        self.environment |= {
            "SUPABASE_PUBLISHABLE_KEY": keys["publishable"],
            "SUPABASE_SECRET_KEY": keys["secret"],
            "PGPASSWORD": self.environment["SUPABASE_DB_PASSWORD"],
        }

    def _deploy(self, slug: str) -> list[str]:
        return ["supabase", "functions", "deploy", slug, "--use-api", "--project-ref", self._ref(), "--yes"]

    def _write(self, slug: str, source: str) -> None:
        entry = self.backend / "supabase" / "functions" / slug / "index.ts"
        entry.parent.mkdir(exist_ok=True)
        entry.write_text(source, encoding="utf-8")

    def _ref(self) -> str:
        return subprocess.run(
            ["pulumi", "stack", "output", "project_ref", "--stack", STACK],
            cwd=self.directory, env=self.environment, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip

    def _url(self) -> str:
        return self.environment["SUPABASE_PROJECT_URL"].replace("{ref}", self._ref())

    def _api(self, path: str) -> Any:
        address = f"{self.environment['SUPABASE_API_ENDPOINT']}/v1/projects/{self._ref()}{path}"
        token = self.environment["SUPABASE_ACCESS_TOKEN"]
        return httpx.get(address, headers={"Authorization": f"Bearer {token}"}).raise_for_status().json()
