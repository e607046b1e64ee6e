"""What it costs to bring a million rows to staging anonymised, against pganonymize."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
import yaml

from bench.copy_of_project import Copy, temporary
from bench.measurement import Bench, Measurement, Say

_ROUNDS = 3
_ROWS = 1_000_000
_STACKS = ("staging", "production")
# Without its own requirement of a psycopg2 that is compiled where it is installed.
_PGANONYMIZE = (
    "pganonymize==0.13.0", "faker==40.63.0", "parmap==1.7.0", "pgcopy==1.6.2", "psycopg2-binary==2.9.13",
    "pytz==2026.6", "pyyaml==6.0.4", "tqdm==4.70.1",
)  # fmt: skip
_TABLE = """
create table public.contacts (
  id uuid primary key, email text not null, phone text not null, name text not null, notes text not null, born date
)
"""
_FILL = """
insert into public.contacts
select gen_random_uuid(), 'person' || n || '@mail' || n %% 97 || '.example.org', '+49170' || lpad(n::text, 8, '0'),
  'Firstname' || n || ' Lastname' || n %% 1000,
  'Contact number ' || n || ' likes long walks and short talks, and has been here since the year ' || 1900 + n %% 125,
  date '1950-01-01' + (n %% 20000)::int
from generate_series(1, %s) n
"""
_OURS = {"id": "key", "email": "email", "phone": "phone", "name": "words", "notes": "words", "born": "keep"}
# The cheapest that it has for each; it can't replace a primary key.
_THEIRS = {
    "tables": [
        {
            "contacts": {
                "fields": [
                    {"email": {"provider": {"name": "md5"}, "append": "@localhost"}},
                    *({name: {"provider": {"name": "md5"}}} for name in ("phone", "name", "notes")),
                ]
            }
        }
    ]
}


def measure(say: Say) -> list[Measurement]:
    """Refresh and copy-then-anonymise by turns, of the same rows into the same table."""
    seconds, shares, memory, factors = [], [], [], []
    with temporary(_Project) as project:
        say("installing pganonymize into an environment of its own")
        project.install()
        for stack in _STACKS:
            say(f"releasing {stack}")
            project.run("pulumi", "up", "--stack", stack, "--yes")
        say(f"making {_ROWS} rows")
        project.fill()
        for number in range(_ROUNDS):
            say(f"round {number + 1} of {_ROUNDS}: refresh-staging")
            ours, our_memory = project.watch(["python", "-m", "ops", "refresh-staging", "--yes"], project.environment)
            project.check_changed()
            say(f"round {number + 1} of {_ROUNDS}: a copy, and pganonymize on it")
            copied = project.copy_rows()
            theirs, their_memory = project.watch(*project.pganonymize())
            project.check_changed()
            seconds.append(ours)
            shares.append(ours / (copied + theirs))
            memory.append(our_memory)
            factors.append(our_memory / their_memory)
    return [
        Measurement(name="a refresh ÷ a copy and pganonymize, seconds", unit="", samples=shares, goal=1.0),
        Measurement(name="peak memory of a refresh ÷ that of pganonymize", unit="", samples=factors, goal=1.0),
        Measurement(name="a refresh, its scan included", unit="s", samples=seconds, goal=300),
        Measurement(name="peak memory of a refresh", unit="MiB", samples=memory, goal=256),
    ]


BENCH = Bench(
    title=f"{_ROWS} rows anonymised",
    method=(
        f"`python -m bench refresh`: a copy of the project with both stacks released on a local cloud, and {_ROWS} rows"
        " of six columns in production. In each round `python -m ops refresh-staging`, which reads by a role of its"
        " own, replaces keys, addresses, numbers and texts, and then searches staging for what it replaced; and, into"
        " the same table, a COPY of the rows as they are, then pganonymize 0.13.0 in place with its cheapest provider"
        " (md5) for four columns, without keys and without a search. The copy's time counts for pganonymize, its memory"
        " does not. Memory is the largest resident size of each command's process."
    ),
    run=measure,
)


class _Project(Copy):
    """A copy with one large table, and the two ways to anonymise it."""

    def prepare(self) -> None:
        path = self.directory / "backend" / "anonymise.yaml"
        rules = yaml.safe_load(path.read_text(encoding="utf-8"))
        rules["tables"]["public.contacts"] = _OURS
        path.write_text(yaml.safe_dump(rules), encoding="utf-8")

    def install(self) -> None:
        uv = str(self.directory / ".venv" / "bin" / "uv")
        place = self.directory / ".local" / "pganonymize"
        self.run(uv, "venv", "--quiet", "--python", "3.11", str(place))
        python = str(place / "bin" / "python")
        self.run(uv, "pip", "install", "--quiet", "--no-deps", "--python", python, *_PGANONYMIZE)
        (place / "schema.yml").write_text(yaml.safe_dump(_THEIRS), encoding="utf-8")

    def fill(self) -> None:
        for stack in _STACKS:
            with self._connect(stack) as connection:
                connection.execute(_TABLE)
        with self._connect("production") as connection:
            connection.execute(_FILL, [_ROWS])
            connection.execute("analyze public.contacts")

    def copy_rows(self) -> float:
        """Copy the rows as they are; gives the seconds."""
        begin = time.monotonic()
        with self._connect("production") as source, self._connect("staging") as target, target.transaction():
            target.execute("truncate public.contacts")
            with (
                source.cursor().copy("copy public.contacts to stdout (format binary)") as rows,
                target.cursor().copy("copy public.contacts from stdin (format binary)") as taken,
            ):
                for row in rows:
                    taken.write(row)
        return time.monotonic() - begin

    def check_changed(self) -> None:
        """Make sure that staging has as many rows, and none of the addresses and texts."""
        query = (
            "select count(*), count(*) filter (where email like 'person%@mail%' or notes like 'Contact number%'"
            " or phone like '+49170%' or name like 'Firstname%') from public.contacts"
        )
        with self._connect("staging") as connection:
            found = connection.execute(query).fetchone()
        if found != (_ROWS, 0):
            raise RuntimeError(f"staging has {found} rows and unchanged rows, not {_ROWS} and none")

    def pganonymize(self) -> tuple[list[str], Mapping[str, str]]:
        place, address = self.directory / ".local" / "pganonymize", self._address("staging")
        options = {name: str(address[name]) for name in ("dbname", "user", "host", "port")}
        # An empty --password hides PGPASSWORD from libpq, and not this file.
        passwords = place / "passwords"
        passwords.touch(mode=0o600)
        passwords.write_text(f"*:*:*:*:{address['password']}\n", encoding="utf-8")
        command = [str(place / "bin" / "python"), "-m", "pganonymize", "--schema", str(place / "schema.yml")]
        return (
            [*command, *(part for name, value in options.items() for part in (f"--{name}", value))],
            {"PATH": os.environ["PATH"], "PGPASSFILE": str(passwords), "PGSSLMODE": "disable"},
        )

    def watch(self, command: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
        """Run a command; gives the seconds and its largest resident size in MiB."""
        begin = time.monotonic()
        log = self.directory / ".local" / "bench.log"
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(
                command, cwd=self.directory, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{Path(log).read_text()}")
        return time.monotonic() - begin, usage.ru_maxrss / 1024

    def _connect(self, stack: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(**self._address(stack), sslmode="disable", autocommit=True)

    def _address(self, stack: str) -> dict[str, Any]:
        ref = subprocess.run(
            ["pulumi", "stack", "output", "project_ref", "--stack", stack],
            cwd=self.directory, env=self.environment, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        endpoint = f"{self.environment['SUPABASE_API_ENDPOINT']}/v1/projects/{ref}/config/database/pooler"
        token = (
            self.environment.get(f"SUPABASE_ACCESS_TOKEN_{stack.upper()}") or self.environment["SUPABASE_ACCESS_TOKEN"]
        )
        answer = httpx.get(endpoint, headers={"Authorization": f"Bearer {token}"}, timeout=30).raise_for_status()
        found = answer.json()[0]
        return {
            "host": found["db_host"], "port": found["db_port"], "user": found["db_user"], "dbname": found["db_name"],
            "password": self.environment["SUPABASE_DB_PASSWORD"],
        }  # fmt: skip
