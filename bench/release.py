"""What a release costs of one changed function among many, against the plain commands."""

import subprocess
from pathlib import Path
from typing import Any

import httpx

from bench.copy_of_project import Copy, temporary
from bench.measurement import Bench, Measurement, Say

_ROUNDS = 5
_FUNCTIONS = 100
_DELAY = 1.0  # seconds that each deploy call takes longer
_STACK = "staging"
_SOURCE = 'Deno.serve(() => new Response("hello"));\n'


def measure(say: Say) -> list[Measurement]:
    """Release by turns with the engine and with the plain commands, on a copy of the project."""
    shares, factors = [], []
    with temporary(_Project) as project:
        say(f"releasing {_FUNCTIONS} functions for the first time")
        project.run("pulumi", "up", "--stack", _STACK, "--yes")
        project.provide_keys()
        project.slow_down()
        for number in range(_ROUNDS):
            project.edit(f"round {number}")
            say(f"round {number + 1} of {_ROUNDS}: one changed function, with the engine")
            ours = project.time("pulumi", "up", "--stack", _STACK, "--yes")
            say(f"round {number + 1} of {_ROUNDS}: its parts by themselves")
            parts = sum(project.time(*part, folder=project.backend) for part in project.parts())
            say(f"round {number + 1} of {_ROUNDS}: the plain commands")
            plain = project.time(*project.plain(), folder=project.backend)
            # The plain commands deploy everything anew, which the next `up` would take for changes by hand.
            project.run("pulumi", "up", "--stack", _STACK, "--yes")
            shares.append(ours / plain)
            factors.append(ours / parts)
    return [
        Measurement(name="`pulumi up` ÷ the plain commands", unit="", samples=shares, goal=0.12),
        Measurement(name="`pulumi up` ÷ tests, one deploy and smoke tests", unit="", samples=factors, goal=1.5),
    ]


BENCH = Bench(
    title=f"One changed function among {_FUNCTIONS}",
    method=(
        f"`python -m bench release`: a copy of the project with {_FUNCTIONS} functions on a local cloud whose deploy"
        f" calls take {_DELAY:g} s longer. In each round the same change is released by `pulumi up` and by"
        f" `bench/plain.sh`; the parts are the backend's tests, `supabase functions deploy NAME` and the smoke tests,"
        f" one after the other."
    ),
    run=measure,
)


class _Project(Copy):
    """A copy with many functions."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        # The plain commands know nothing of stacks.
        self.environment["SUPABASE_ACCESS_TOKEN"] = self.environment[f"SUPABASE_ACCESS_TOKEN_{_STACK.upper()}"]

    @property
    def backend(self) -> Path:
        return self.directory / "backend"

    def prepare(self) -> None:
        config = self.backend / "supabase" / "config.toml"
        present = len(list((self.backend / "supabase" / "functions").glob("*/index.ts")))
        with config.open("a", encoding="utf-8") as file:
            for number in range(_FUNCTIONS - present):
                slug = f"function-{number}"
                file.write(f"\n[functions.{slug}]\nverify_jwt = false\n")
                self._write(slug, _SOURCE)

    def edit(self, text: str) -> None:
        self._write("function-0", f"{_SOURCE}// {text}\n")

    def slow_down(self) -> None:
        fault = {"method": "POST", "path": ".*/functions/deploy", "action": "delay", "seconds": _DELAY, "times": None}
        httpx.post(f"{self.environment['SUPABASE_API_ENDPOINT']}/_control/faults", json=fault).raise_for_status()

    def parts(self) -> list[list[str]]:
        return [
            ["deno", "test", "--allow-all", "--quiet", "--reporter=dot"],
            ["supabase", "functions", "deploy", "function-0", "--use-api", "--project-ref", self._ref(), "--yes"],
            ["deno", "run", "--quiet", "--allow-net", "--allow-env", "scripts/smoke-tests.ts", self._url()],
        ]

    def plain(self) -> list[str]:
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

    def _write(self, slug: str, source: str) -> None:
        entry = self.backend / "supabase" / "functions" / slug / "index.ts"
        entry.parent.mkdir(exist_ok=True)
        entry.write_text(source, encoding="utf-8")

    def _ref(self) -> str:
        return subprocess.run(
            ["pulumi", "stack", "output", "project_ref", "--stack", _STACK],
            cwd=self.directory, env=self.environment, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip

    def _url(self) -> str:
        return self.environment["SUPABASE_PROJECT_URL"].replace("{ref}", self._ref())

    def _api(self, path: str) -> Any:
        address = f"{self.environment['SUPABASE_API_ENDPOINT']}/v1/projects/{self._ref()}{path}"
        token = self.environment["SUPABASE_ACCESS_TOKEN"]
        return httpx.get(address, headers={"Authorization": f"Bearer {token}"}).raise_for_status().json()
