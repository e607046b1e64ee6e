"""Where secrets turn up: a stack's whole life with recognisable values, and a search of everything that it left."""

import base64
import gzip
import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from localcloud.environment import environment
from localcloud.place import Place
from tests.engine.canaries import MARK, Canaries, Seen, Watcher, make_value
from tests.engine.checkout import Checkout, Live, Run
from tests.serving import serving

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

BROKEN = "20270101000000_broken.sql"
ONLY_HERE = (
    "do $$ begin if to_regclass('release.marker') is not null then perform from release.marker;"
    " raise exception 'broken on a released project'; end if; end $$;"
)
# Below the checkout: where a secret may stand, and why. Everything else there is searched.
ALLOWED = {
    ".local/credentials.json": "what the local cloud accepts, as Supabase and GitHub know it themselves",
    ".local/access-tokens.json": "the same, of access tokens",
    ".local/supabase.json": "the local Supabase: its projects' keys, passwords and function secrets",
    ".local/github": "the local GitHub: its own users' tokens, and secrets in the form in which it takes them",
    ".local/databases": "the projects' servers, searched by SQL where a release writes",
    ".local/functions": "what was deployed, and the variables that the local Supabase starts it with",
}
# Of the processes that a life starts, those that need no credential, or one alone: whose name begins like this may
# stand in their variables. The others are the engine, its plugins, the steps of a release, git and the Supabase CLI,
# which work with them.
NEEDS = {
    r"(^|/)deno check ": (),
    r"(^|/)deno test ": (),
    r"(^|/)deno run .*scripts/smoke-tests\.ts http": ("service key",),
    r"-m localcloud scratch ": (),
    r"-m release\.migration_proof ": (),
    r"bin/initdb ": (),
    r"bin/postgres ": (),
}


class Channel(HTTPServer):
    """The team channel's webhook; `bodies` is what it was told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Post)


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Channel)
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Life:
    """A stack with canaries for secrets: what its commands printed, left behind and started."""

    checkout: Checkout
    canaries: Canaries
    channel: Channel
    variables: dict[str, str] = field(repr=False)
    outputs: dict[str, Run] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    @property
    def temporary(self) -> Path:
        return Path(self.variables["TMPDIR"])

    @property
    def live(self) -> Live:
        answer = self.run("ref", "pulumi", "stack", "output", "project_ref", "--stack", "staging")
        return Live(answer.text.strip(), self.variables)

    def run(self, name: str, *command: str, given: str = "", fails: bool = False) -> Run:
        """Run a command in the environment that the canaries are in, and watch it."""
        with Watcher(self.canaries, self.temporary) as watcher:
            told = subprocess.run(
                command,
                cwd=self.checkout.directory,
                env=self.variables,
                input=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=300,
            )
        self.seen.append(watcher.seen)
        assert (told.returncode != 0) == fails, told.stdout[-3000:]
        self.outputs[name] = Run(told.returncode, told.stdout)
        return self.outputs[name]

    def ops(self, name: str, *arguments: str, given: str = "", fails: bool = False) -> Run:
        return self.run(name, ".venv/bin/python", "-m", "ops", *arguments, given=given, fails=fails)

    def up(self, name: str, *arguments: str, fails: bool = False) -> Run:
        return self.run(name, "pulumi", "up", "--stack", "staging", "--yes", *arguments, fails=fails)

    def commands(self) -> dict[str, set[str]]:
        """Give every command line that was seen, with the canaries in its variables."""
        found: dict[str, set[str]] = {}
        for seen in self.seen:
            for command, names in seen.commands.items():
                found.setdefault(command, set()).update(names)
        return found


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    checkout = Checkout.make(tmp_path_factory.mktemp("checkout"))
    canaries = Canaries()
    place = Place(checkout.directory / ".local")
    place.directory.mkdir()
    own = {name: canaries.add(name, make_value()) for name in ("SUPABASE_DB_PASSWORD", "ANTHROPIC_API_KEY")}
    credentials = json.dumps({name.lower(): value for name, value in own.items()})
    (place.directory / "credentials.json").write_text(credentials, encoding="utf-8")
    with serving(Channel()) as channel:
        try:
            assert checkout.localcloud("start").code == 0
            life = Life(checkout, canaries, channel, _variables(place, canaries, tmp_path_factory.mktemp("temporary")))
            _live(life)
            yield life
        finally:
            checkout.localcloud("stop")


def _variables(place: Place, canaries: Canaries, temporary: Path) -> dict[str, str]:
    """Give the environment of the commands, and make a canary of every secret in it."""
    local = environment(place)
    for name in local:
        if re.search("TOKEN", name):
            canaries.add(name, local[name])
    others = {
        # None of it is asked for by anything here; a job has such variables beside those of the release.
        name: canaries.add(name, make_value())
        for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN_OF_ANOTHER", "AWS_SECRET_ACCESS_KEY", "GH_TOKEN")
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PULUMI_"))}
    folder = {"TMPDIR": str(temporary), "GITHUB_STEP_SUMMARY": str(place.directory.parent / "summary.md")}
    path = f"{place.directory.parent}/.venv/bin{os.pathsep}{local['PATH']}"
    return {**inherited, **local, **others, **folder, "PATH": path, MARK: "1"}


def _live(life: Life) -> None:
    checkout, canaries = life.checkout, life.canaries
    backend = checkout.directory / "backend/supabase"
    stack_file = checkout.directory / "Pulumi.staging.yaml"
    text = stack_file.read_text(encoding="utf-8")
    # A passphrase of its own, so that there is one to find.
    text = re.sub("(?m)^(encryptionsalt|#).*$", "", text)
    stack_file.write_text(f"{text}  mano:notification: TEAM\n  mano:backend: {{smokeTestSeconds: 30}}\n", "utf-8")
    life.run("init", "pulumi", "stack", "init", "staging", "--no-select")

    def configure(name: str, value: str) -> None:
        life.run(f"config of {name}", "pulumi", "config", "set", "--secret", name, "--stack", "staging", given=value)

    webhook = canaries.add("webhook", make_value().encode().hex())
    configure("TEAM", f"http://127.0.0.1:{life.channel.server_port}/{webhook}")
    life.up("first up")
    live = life.live
    for number, key in enumerate(live.api("GET", "/api-keys?reveal=true").json()):
        if key.get("api_key") and (key["type"] == "secret" or key["name"] == "service_role"):
            canaries.add(f"service key {number}", key["api_key"])
    life.ops("share-state", "share-state", "--stack", "staging")

    # A migration that only the released project refuses, and a function that only the smoke tests find broken.
    # What passed in an earlier test would not be checked again.
    new = uuid.uuid4()
    broken = backend / "migrations" / BROKEN
    broken.write_text(f"-- {new}\ncreate table public.fine (id bigint primary key);\n{ONLY_HERE}\n", encoding="utf-8")
    (backend / "rollbacks" / BROKEN).write_text("drop table public.fine;\n", encoding="utf-8")
    health = backend / "functions/health/index.ts"
    good = health.read_text(encoding="utf-8")
    health.write_text(f"{good.replace('select 1', 'select gone')}\n// {new}\n", encoding="utf-8")
    life.up("failing migration", "--skip-preview", fails=True)
    broken.unlink()
    (backend / "rollbacks" / BROKEN).unlink()
    life.up("failing smoke tests", "--skip-preview", fails=True)

    # One secret is rotated in the configuration, where the other two stand in the environment.
    health.write_text(f"{good}\n// after {new}\n", encoding="utf-8")
    configure("ANTHROPIC_API_KEY", canaries.add("ANTHROPIC_API_KEY, rotated", make_value()))
    preview = life.run("preview", "pulumi", "preview", "--stack", "staging", "--json").text
    life.ops("preview without values", "preview", "--stack", "staging", "--json")
    life.ops("plan", "plan", "--stack", "staging", "--summary", "--preview", "-", given=preview)
    life.up("rotation", "--skip-preview")
    life.run("refresh", "pulumi", "refresh", "--stack", "staging", "--preview-only", "--diff")
    life.ops("rollback", "rollback", "--stack", "staging", "--to", "1", "--yes", "--reason", "tried out")
    life.ops("history", "history", "--stack", "staging")
    life.ops("history as JSON", "history", "--stack", "staging", "--json")
    audit = ("audit", "--stack", "staging", "--fail-on", "critical")
    life.ops("audit", *audit)
    life.ops("audit as JSON", *audit, "--json", "--html", "audit.html")
    unknown = {"SUPABASE_ACCESS_TOKEN_STAGING": canaries.add("a token that is unknown", f"sbp_{'5f3a9c1e' * 5}")}
    refused = replace(life, variables={**life.variables, **unknown})
    refused.ops("refused", "history", "--stack", "staging", fails=True)


def test_the_life_was_lived(life: Life) -> None:
    assert "broken on a released project" in life.outputs["failing migration"].text
    assert "The smoke tests failed" in life.outputs["failing smoke tests"].text
    assert "ANTHROPIC_API_KEY" in life.outputs["plan"].text
    assert "401" in life.outputs["refused"].text
    assert len(life.canaries.values) > 12
    assert any(name.startswith("service key") for name in life.canaries.values)


def test_no_output_holds_a_secret(life: Life) -> None:
    found = {name: life.canaries.found_in(output.text.encode()) for name, output in life.outputs.items()}
    assert {name: names for name, names in found.items() if names} == {}


def test_no_file_of_the_project_state_report_or_log_holds_a_secret(life: Life) -> None:
    folder = life.checkout.directory
    searched = [folder / name for name in ("summary.md", "audit.html", "Pulumi.staging.yaml")]
    states = [file for name in ("pulumi", "previews") for file in (folder / ".local" / name).rglob("staging*.json*")]
    assert [file for file in searched if not file.is_file() or not file.stat().st_size] == []
    # The state, its copy for previews, and what each run before the last left.
    assert len(states) > 5
    assert life.canaries.found_below(folder, without=tuple(ALLOWED)) == {}
    assert [name for name in ALLOWED if not (folder / name).exists()] == []


def test_no_temporary_file_holds_a_secret_while_it_is_there_or_afterwards(life: Life) -> None:
    files = [(name, content) for seen in life.seen for name, contents in seen.files.items() for content in contents]
    assert any(name.endswith("supabase/config.toml") for name, _ in files)
    assert [name for name, content in files if life.canaries.found_in(content)] == []
    assert life.canaries.found_below(life.temporary) == {}


def test_no_command_line_holds_a_secret(life: Life) -> None:
    commands = list(life.commands())
    assert any("functions deploy people" in command for command in commands)
    assert [command for command in commands if life.canaries.found_in(command.encode())] == []


def test_what_needs_no_credential_gets_none(life: Life) -> None:
    commands = life.commands()
    for pattern, needed in NEEDS.items():
        given = [names for command, names in commands.items() if re.search(pattern, command)]
        assert given, pattern
        assert [name for names in given for name in names if not name.startswith(needed or "nothing")] == [], pattern


def test_the_team_and_the_records_are_told_no_secret(life: Life) -> None:
    bodies = b"\n".join(life.channel.bodies)
    assert b"FAILED in step `smoke`" in bodies
    assert life.canaries.found_in(bodies) == set()
    listed = life.live.sql("select tablename as name from pg_tables where schemaname = 'release'")
    rows = {row["name"]: life.live.sql(f"select t::text from release.{row['name']} t") for row in listed}  # noqa: S608
    assert "The smoke tests failed" in str(rows["records"])
    assert life.canaries.found_in(json.dumps(rows).encode()) == set()


@pytest.mark.parametrize(
    "write",
    [
        lambda value: value.encode(),
        lambda value: f"Bearer {value[: len(value) * 2 // 3]}…".encode(),
        lambda value: json.dumps({"text": json.dumps({"token": value})}).encode(),
        lambda value: base64.b64encode(f"x-access-token:{value}".encode()),
        lambda value: base64.urlsafe_b64encode(f"a{value}b".encode()),
        lambda value: f"postgresql://postgres:{quote(value, safe='')}@host/postgres".encode(),
        lambda value: value.encode().hex().encode(),
        lambda value: gzip.compress(value.encode()),
    ],
)
def test_the_search_finds_each_way_of_writing_one(write: Callable[[str], bytes]) -> None:
    canaries = Canaries()
    canaries.add("other", make_value())
    written = write(canaries.add("written", make_value()))
    assert canaries.found_in(b"before " + written if written[:1] != b"\x1f" else written) == {"written"}


def test_the_search_finds_one_in_each_kind_of_place(tmp_path: Path) -> None:
    canaries = Canaries()
    value = canaries.add("planted", make_value())
    temporary, kept = tmp_path / "temporary", tmp_path / "kept/deep"
    temporary.mkdir()
    kept.mkdir(parents=True)
    (kept / "state.json.gz").write_bytes(gzip.compress(json.dumps({"plaintext": value}).encode()))
    (kept / "allowed").write_text(value, encoding="utf-8")
    assert canaries.found_below(tmp_path / "kept", without=("deep/allowed",)) == {"deep/state.json.gz": {"planted"}}
    # A grandchild, whose parent goes before it does.
    script = f'printf %s "$PLANTED" > {temporary}/short; sleep 0.4; rm {temporary}/short'
    with Watcher(canaries, temporary) as watcher:
        subprocess.run(
            ["sh", "-c", f"({script}; exec sleep 0.2) &"], env={**os.environ, "PLANTED": value, MARK: "1"}, check=True
        )
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.3)", value], check=True)
        time.sleep(0.5)
    assert not (temporary / "short").exists()
    assert {name for content in watcher.seen.files["short"] for name in canaries.found_in(content)} == {"planted"}
    assert [command for command in watcher.seen.commands if canaries.found_in(command.encode())]
    assert watcher.seen.commands["sleep 0.4"] == {"planted"}
