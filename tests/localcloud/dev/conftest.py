"""A development loop run as a developer runs it, on a small backend of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[3]
_PATIENCE = 30.0  # seconds; on a machine that does other things as well

# Of ports that are not the usual ones, no other test can take one while a loop is down.
CONFIG = """[api]
port = 0

[db]
port = 0

[functions.hello]
verify_jwt = false

[functions.guarded]
verify_jwt = true
"""
NOTES = "create table public.notes (id int primary key, body text not null);\n"
SEED = "insert into public.notes (id, body) values (1, 'seeded');\n"
HELLO = """import { greeting } from "../_shared/greeting.ts";
console.log("hello was started");
Deno.serve(() => new Response(`${greeting} ${Deno.env.get("NAME") ?? "nobody"}`));
"""
GREETING = 'export const greeting = "good morning";\n'


class DevLoop:
    """The command `localcloud dev --json`, and what it printed."""

    def __init__(self, folder: Path) -> None:
        self.backend = folder / "backend"
        self.directory = folder / "cloud"
        self._output = folder / "output"
        self._process: subprocess.Popen[bytes] | None = None
        self._seen = 0
        for path, text in {
            "config.toml": CONFIG,
            "migrations/20260101000000_notes.sql": NOTES,
            "seed.sql": SEED,
            "functions/hello/index.ts": HELLO,
            "functions/guarded/index.ts": 'Deno.serve(() => new Response("let in"));\n',
            "functions/_shared/greeting.ts": GREETING,
        }.items():
            self.write(path, text)

    def write(self, path: str, text: str) -> None:
        target = self.backend / "supabase" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def remove(self, path: str) -> None:
        (self.backend / "supabase" / path).unlink()

    def start(self, *options: str) -> dict[str, Any]:
        """Start it, wait until it is ready, and give that event."""
        self._seen = 0
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "localcloud", "dev", "--json", "--backend", str(self.backend), *options],
                cwd=ROOT,
                env={**os.environ, "LOCALCLOUD_DIR": str(self.directory)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self.wait_for("ready")

    def interrupt(self) -> int:
        """Press Ctrl-C and give the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=_PATIENCE)

    @property
    def printed(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def wait_for(self, event: str, containing: str = "") -> dict[str, Any]:
        """Wait for the next event of a kind, after those that were waited for before."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            lines = self.printed.splitlines()
            for number, line in enumerate(lines[self._seen :], self._seen + 1):
                if line.startswith("{"):
                    entry: dict[str, Any] = json.loads(line)
                    if entry["event"] == event and containing in entry["message"]:
                        self._seen = number
                        return entry
            assert self._process is not None
            assert self._process.poll() is None, self.printed
            time.sleep(0.05)
        raise AssertionError(f"no {event} with {containing!r} in:\n{self.printed}")

    def keys(self) -> dict[str, str]:
        lines = (self.directory / "dev" / "project.env").read_text(encoding="utf-8").splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def call(self, path: str, **options: Any) -> httpx.Response:
        method = options.pop("method", "GET")
        return httpx.request(method, f"{self.keys()['SUPABASE_URL']}{path}", timeout=_PATIENCE, **options)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.keys()["SUPABASE_DB_URL"], sslmode="disable") as connection:
            return connection.execute(sql.encode()).fetchall()

    def processes(self) -> list[psutil.Process]:
        """Give every process that has this folder in its command line or environment."""
        mine = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                named = any(str(self.directory) in word for word in process.cmdline())
                works = process.cwd() == str(self.backend)
                if named or works or process.environ().get("LOCALCLOUD_DIR") == str(self.directory):
                    mine.append(process)
        return mine

    def clean_up(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.interrupt()
        left = self.processes()
        for process in left:
            process.kill()
        assert left == []


@pytest.fixture
def stopped_loop(tmp_path: Path) -> Iterator[DevLoop]:
    """A loop of one test, not started."""
    loop = DevLoop(tmp_path)
    try:
        yield loop
    finally:
        loop.clean_up()


@pytest.fixture
def loop(stopped_loop: DevLoop) -> DevLoop:
    """A loop of one test."""
    stopped_loop.start()
    return stopped_loop
