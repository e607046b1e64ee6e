"""A release under load: no request fails, and the same load sees a release in the wrong order fail."""

import re
import threading
import time
from pathlib import Path

import pytest

from tests.engine.checkout import Live
from tests.engine.released import Released
from tests.engine.traffic import Traffic, flowing

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

REQUESTS = 10_000
READER_SECONDS = 30
COLD_START_MILLISECONDS = 800
NEWCOMER = "[functions.newcomer]\nverify_jwt = false\n\n"
NEW_FUNCTION = 'Deno.serve(() => Response.json({ status: "new" }));\n'


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def add_column(backend: Path, version: str, column: str) -> None:
    """Add a column in a migration, and let all three functions need it."""
    name = f"{version}_{column}.sql"
    (backend / "migrations" / name).write_text(f"alter table public.people add column {column} text;\n", "utf-8")
    (backend / "rollbacks" / name).write_text(f"alter table public.people drop column {column};\n", "utf-8")
    functions = backend / "functions"
    edit(functions / "people/store.ts", '"notes", ', f'"notes", "{column}", ')
    edit(functions / "people/store.ts", "...fields, ", f"...fields, {column}: fields.name, ")
    edit(functions / "chat/conversation.ts", ", relationship", f", {column}, relationship")
    probe = f"select 1, (select {column} from public.people limit 1)"  # noqa: S608 - a column of this test
    edit(functions / "health/index.ts", "select 1", probe)


def hold_the_table(live: Live, seconds: float) -> None:
    """Read the table that the migration alters, and stay in the transaction for a time after it began to wait."""
    waiting = "select exists (select from pg_locks where not granted and mode = 'AccessExclusiveLock') as waiting"
    with live.session() as reader, live.session() as observer:
        reader.execute("begin; select count(*) from public.people")
        deadline = time.monotonic() + 120
        while observer.execute(waiting).fetchall() != [{"waiting": True}] and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(seconds)
        reader.execute("commit")


def wait_until(live: Live, version: str) -> float:
    """Give the moment at which a migration is seen to be applied."""
    applied = "select from supabase_migrations.schema_migrations where version = %s"
    with live.session() as observer:
        deadline = time.monotonic() + 120
        while not observer.execute(applied, [version]).rowcount and time.monotonic() < deadline:
            time.sleep(0.05)
    return time.monotonic()


def tell(capsys: pytest.CaptureFixture[str], title: str, traffic: Traffic) -> None:
    with capsys.disabled():
        print(f"\n{title}\n{traffic.table()}")  # noqa: T201 - the count is what the test is for


def test_no_request_fails_while_a_release_with_a_migration_goes_on(
    released: Released, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout, live = released.checkout, released.live
    backend = checkout.directory / "backend/supabase"
    add_column(backend, "20270101000000", "nickname")
    (backend / "functions/newcomer").mkdir()
    (backend / "functions/newcomer/index.ts").write_text(NEW_FUNCTION, encoding="utf-8")
    edit(backend / "config.toml", "[functions.health]", f"{NEWCOMER}[functions.health]")
    live.control("PUT", "/functions/cold-start", COLD_START_MILLISECONDS)
    # Nobody uses it yet, so its being listed and absent for a while may fail nobody: the release has to wait it out.
    live.control("PUT", f"/projects/{live.ref}/functions/newcomer/missing", 6)
    before = live.functions()
    applied: list[float] = []
    beside = [
        threading.Thread(target=hold_the_table, args=(live, READER_SECONDS)),
        threading.Thread(target=lambda: applied.append(wait_until(live, "20270101000000"))),
    ]
    with flowing(live) as traffic:
        for thread in beside:
            thread.start()
        begun = time.monotonic()
        text = checkout.up_well("--skip-preview")
        ended = time.monotonic()
        for thread in beside:
            thread.join()
        during = len([request for request in traffic.requests if begun < request.begun < ended])
        while len(traffic.requests) < REQUESTS and time.monotonic() < ended + 60:
            time.sleep(0.1)
    tell(capsys, f"a release of {ended - begun:.0f} s, {during} requests meanwhile:", traffic)
    live.control("PUT", "/functions/cold-start", 0)
    assert traffic.failures() == []
    assert len(traffic.requests) >= REQUESTS
    assert traffic.lost_rows() == set()
    # All of it has happened under these requests: the wait for the table, old code on the new schema, new code.
    assert re.search(r"a lock was not free within 5 s.*; trying again in 2 s", text)
    after = live.functions()
    assert {slug: after[slug]["version"] - before[slug]["version"] for slug in before} == dict.fromkeys(before, 1)
    writes = [request for request in traffic.requests if request.kind == "write a person"]
    assert any(request.begun > applied[0] and "nickname" not in request.fields for request in writes)
    assert any("nickname" in request.fields for request in writes)
    assert live.function("newcomer").json() == {"status": "new"}
    chats = len([request for request in traffic.requests if request.kind == "chat"])
    assert live.sql("select count(*) from public.messages") == [{"count": 2 * chats}]
    assert checkout.plan() == {}


def test_functions_before_their_migration_fail_requests(released: Released, capsys: pytest.CaptureFixture[str]) -> None:
    # The same load on the same cloud, and a plain script that gets the order wrong: what counts failures does count.
    checkout, live = released.checkout, released.live
    add_column(checkout.directory / "backend/supabase", "20270201000000", "motto")
    pooler = live.api("GET", "/config/database/pooler").json()[0]
    url = f"postgresql://{pooler['db_user']}@{pooler['db_host']}:{pooler['db_port']}/{pooler['db_name']}"
    deploy = " && ".join(
        f"supabase functions deploy {slug} --use-api --remote={live.ref} --yes --workdir backend"
        for slug in ("health", "people", "chat")
    )
    script = f'{deploy} && PGPASSWORD="$SUPABASE_DB_PASSWORD" supabase db push --remote={url} --yes --workdir backend'
    with flowing(live) as traffic:
        result = checkout.run("sh", "-c", script)
        time.sleep(1)
    tell(capsys, "functions before their migration:", traffic)
    assert result.code == 0, result.text
    assert {failure.split(": ")[1] for failure in traffic.failures()} == {
        "chat",
        "health",
        "read a person",
        "write a person",
    }
