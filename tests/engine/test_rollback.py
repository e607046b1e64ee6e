"""What happens when a release turns out to be wrong. The tests run in order on one stack."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engine.released import Released
from tests.serving import serving

pytestmark = pytest.mark.engine

VERSION = "20270101000000"
WEBHOOK_PATH = "/services/not-for-logs-5c1e"


class Channel(HTTPServer):
    """A team channel's webhook; `texts` is what it was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        super().__init__(("127.0.0.1", 0), _Post)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{WEBHOOK_PATH}"


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Channel)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.texts.append(body["text"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def channel() -> Iterator[Channel]:
    with serving(Channel()) as server:
        yield server


def health(released: Released) -> dict[str, Any]:
    answer = httpx.get(f"{released.live.url}/functions/v1/health", timeout=30)
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def file(released: Released, name: str) -> Path:
    return released.checkout.directory / "backend/supabase" / name


def edit(path: Path, old: str, new: str) -> str:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text


def ops(released: Released, *arguments: str) -> Any:
    result = released.checkout.run("python", "-m", "ops", *arguments, "--stack", "staging", "--json")
    assert result.code == 0, result.text
    return json.loads(result.text.splitlines()[-1])


def records(released: Released) -> list[tuple[int, str]]:
    return [(record["number"], record["kind"]) for record in reversed(ops(released, "history"))]


def test_a_second_release_tells_the_team(released: Released, channel: Channel) -> None:
    checkout = released.checkout
    edit(file(released, "functions/health/index.ts"), "Deno.serve", "console.log('second');\nDeno.serve")
    file(released, f"migrations/{VERSION}_mottos.sql").write_text(
        "create table public.mottos (id bigint generated always as identity primary key, motto text not null);\n"
        "alter table public.mottos enable row level security;\n"
        "insert into public.mottos (motto) values ('onward'), ('upward');\n",
        encoding="utf-8",
    )
    file(released, f"rollbacks/{VERSION}_mottos.sql").write_text("drop table public.mottos;\n", encoding="utf-8")
    edit(
        checkout.directory / "Pulumi.staging.yaml",
        "  mano:functionSecrets:",
        "  mano:notification: TEAM\n  mano:functionSecrets:",
    )
    checkout.commit("second release")
    text = checkout.up_well(environment={"TEAM": channel.address})
    assert WEBHOOK_PATH not in text + checkout.state_text()
    assert records(released) == [(1, "release"), (2, "release")]
    (told,) = channel.texts
    assert told.startswith("Release 2 is live in staging: ")
    assert checkout.git("rev-parse", "HEAD")[:10] in told


def test_a_channel_that_is_down_fails_no_release(released: Released) -> None:
    checkout = released.checkout
    edit(file(released, "functions/health/index.ts"), "second", "third")
    text = checkout.up_well(environment={"TEAM": f"http://127.0.0.1:9{WEBHOOK_PATH}"})
    assert "the team channel was not told (the webhook in TEAM was not reached: ConnectError)" in text
    assert WEBHOOK_PATH not in text
    assert checkout.plan({"TEAM": "http://127.0.0.1:9"}) == {}


def test_failing_smoke_tests_put_the_functions_back(released: Released, channel: Channel) -> None:
    checkout, live = released.checkout, released.live
    del channel.texts[:]
    # No test without a database sees this; the function starts, and answers an error.
    index = file(released, "functions/health/index.ts")
    good = edit(index, "select 1", "select gone")
    before, ledger = live.functions(), live.ledger()
    result = checkout.up(environment={"TEAM": channel.address})
    assert result.code != 0
    assert "The smoke tests failed" in result.text
    assert "The functions that this release had changed are those of release 3 again:" in result.text
    assert "health: put back, and answers" in result.text
    assert "Its own smoke tests pass." in result.text
    assert f"health: version {before['health']['version'] + 2}, as in release 3" in result.text
    assert "Traceback" not in result.text
    assert health(released)["status"] == "ok"
    after = live.functions()
    assert {slug: after[slug]["version"] for slug in ("chat", "people")} == {
        slug: before[slug]["version"] for slug in ("chat", "people")
    }
    assert live.ledger() == ledger
    assert records(released)[-1] == (4, "failed")
    (told,) = channel.texts
    assert told.startswith("Release to staging FAILED in step `smoke`")
    index.write_text(good, encoding="utf-8")
    # What is live is what the sources say: nothing is deployed again.
    assert checkout.up_well(environment={"TEAM": channel.address}).count("is live\n") <= 1
    assert live.functions()["health"]["version"] == before["health"]["version"] + 2
    assert checkout.plan({"TEAM": channel.address}) == {}


def test_a_rollback_says_what_it_will_do_and_needs_somebody_to_agree(released: Released) -> None:
    before = released.live.functions(), released.live.ledger()
    told = ops(released, "rollback", "--to", "1", "--migrations", "--dry-run")
    assert told == {
        "left": 5,
        "target": 1,
        "functions": ["health"],
        "staying_functions": [],
        "undone_migrations": [VERSION],
        "staying_migrations": [],
    }
    result = released.checkout.run("python", "-m", "ops", "rollback", "--stack", "staging")
    assert result.code == 1
    assert "There is nobody to ask. Nothing was changed. Remedy: add --yes, and --reason." in result.text
    assert (released.live.functions(), released.live.ledger()) == before


def test_a_rollback_restores_functions_and_undoes_migrations_with_their_rows_kept(
    released: Released, channel: Channel
) -> None:
    checkout, live = released.checkout, released.live
    del channel.texts[:]
    command = ["python", "-m", "ops", "rollback", "--stack", "staging", "--to", "1", "--migrations", "--yes"]
    environment = {"TEAM": channel.address}
    result = checkout.run(*command, "--reason", "health is slow", environment=environment)
    assert result.code == 0, result.text
    assert f"undone: {VERSION}, what it destroys is kept in release.before_5_public_mottos" in result.text
    assert "Its own smoke tests pass." in result.text
    assert VERSION not in live.ledger()
    assert live.sql("select to_regclass('public.mottos') as mottos") == [{"mottos": None}]
    assert live.sql("select motto from release.before_5_public_mottos order by id") == [
        {"motto": "onward"},
        {"motto": "upward"},
    ]
    assert records(released)[-1] == (6, "rollback")
    (told,) = channel.texts
    assert told.startswith("ROLLBACK 6 is live in staging")
    assert "health is slow" in told


def test_what_was_left_is_on_hold_until_somebody_lifts_it(released: Released, channel: Channel) -> None:
    checkout, live = released.checkout, released.live
    environment = {"TEAM": channel.address}
    before = live.functions()
    result = checkout.up(environment=environment)
    assert result.code != 0
    assert "is on hold in staging since" in result.text
    assert "health is slow" in result.text
    assert "Remedy: correct the backend" in result.text
    assert live.functions() == before
    assert len(ops(released, "rollback", "--clear")["cleared"]) == 1
    checkout.up_well(environment=environment)
    assert VERSION in live.ledger()
    assert checkout.plan(environment) == {}
    assert records(released)[-1] == (7, "release")


def test_a_rollback_to_what_does_not_work_either_says_so(released: Released, channel: Channel) -> None:
    checkout, live = released.checkout, released.live
    live.sql("alter table public.people rename to hidden")
    try:
        result = checkout.run("python", "-m", "ops", "rollback", "--stack", "staging", "--to", "1", "--yes")
    finally:
        live.sql("alter table public.hidden rename to people")
    assert result.code == 2
    assert "rolled back to release 1; on record as 8." in result.text
    assert "Its smoke tests fail there too. Remedy: go back further" in result.text
    assert len(ops(released, "rollback", "--clear")["cleared"]) == 1
    checkout.up_well(environment={"TEAM": channel.address})


def test_the_tree_of_an_earlier_release_needs_no_deploy_after_a_rollback(released: Released, channel: Channel) -> None:
    checkout, live = released.checkout, released.live
    environment = {"TEAM": channel.address}
    ops(released, "rollback", "--to", "1", "--migrations", "--yes")
    versions = {slug: function["version"] for slug, function in live.functions().items()}
    checkout.git("stash")
    checkout.git("checkout", "--quiet", "HEAD~1", "--", "backend")
    checkout.git("rm", "--quiet", "--cached", "-r", "backend")
    for folder in ("migrations", "rollbacks"):
        file(released, f"{folder}/{VERSION}_mottos.sql").unlink()
    checkout.up_well(environment=environment)
    assert {slug: function["version"] for slug, function in live.functions().items()} == versions
    assert checkout.plan(environment) == {}
