"""A function that fails after a release is seen, and taken back. The tests run in order on one stack."""

import json
import threading
import time
from typing import Any

import pytest

from tests.engine.checkout import Run
from tests.engine.released import Released

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def monitor(released: Released, *arguments: str) -> tuple[Run, Any]:
    run = released.checkout.run("python", "-m", "ops", "monitor", "--stack", "staging", "--json", *arguments)
    return run, json.loads(run.text.splitlines()[-1])


def call(released: Released, times: int) -> list[int]:
    return [released.live.function("usual").status_code for _ in range(times)]


def write_usual(released: Released, answer: str) -> None:
    """Give the backend one more function, which no smoke test looks at."""
    backend = released.checkout.directory / "backend/supabase"
    entry = backend / "functions/usual/index.ts"
    if not entry.exists():
        entry.parent.mkdir()
        with (backend / "config.toml").open("a", encoding="utf-8") as config:
            config.write("\n[functions.usual]\nverify_jwt = false\n")
    # A deploy proves that a function answers by a request that calls nothing of it.
    preflight = 'request.method === "OPTIONS" ? new Response()'
    entry.write_text(f"Deno.serve((request) => {preflight} : {answer});\n", encoding="utf-8")


def test_a_quiet_stack_is_quiet(released: Released) -> None:
    write_usual(released, 'new Response("usual")')
    released.checkout.up_well("--skip-preview")
    assert call(released, 20) == [200] * 20
    run, told = monitor(released, "--for", "1s", "--interval", "1s")
    assert run.code == 0, run.text
    assert told["alarms"] == []
    run, told = monitor(released, "--back", "1h")
    assert run.code == 0, run.text
    assert told["functions"]["usual"]["requests"] >= 20


def test_a_function_that_fails_after_a_release_is_caught_and_rolled_back(released: Released) -> None:
    write_usual(released, 'new Response("broken", { status: 500 })')
    released.checkout.up_well("--skip-preview")
    assert call(released, 1) == [500]
    told_of = {}

    def watch() -> None:
        told_of["monitor"] = monitor(released, "--for", "2m", "--interval", "1s", "--rollback")

    watching = threading.Thread(target=watch)
    watching.start()
    while watching.is_alive():
        call(released, 3)
        time.sleep(0.2)
    watching.join()
    run, told = told_of["monitor"]
    assert run.code == 2, run.text
    assert [alarm["of"] for alarm in told["alarms"]] == ["usual"]
    assert "before it was 0%" in told["alarms"][0]["text"]
    assert call(released, 1) == [200]
    records = released.checkout.run("python", "-m", "ops", "history", "--stack", "staging", "--json")
    newest = json.loads(records.text.splitlines()[-1])[0]
    assert (newest["kind"], newest["number"]) == ("rollback", told["record"])
    assert newest["reason"].startswith("monitor: usual: ")


def test_what_can_not_be_read_is_not_quiet(released: Released) -> None:
    path = ".*/analytics/endpoints/logs.all"
    fault = {"path": path, "action": "respond", "status": 401, "body": {"message": "Unauthorized"}, "times": None}
    released.live.control("POST", "/faults", {**fault, "skip": 1})
    try:
        run, told = monitor(released, "--back", "5m")
    finally:
        released.live.control("DELETE", "/faults")
    assert run.code == 1, run.text
    assert "refused to read /analytics/endpoints/logs.all: 401" in told["unread"]


def test_a_service_that_is_not_healthy_is_an_alarm(released: Released) -> None:
    body = [{"name": "auth", "healthy": False, "status": "UNHEALTHY", "error": "no answer"}]
    fault = {"path": ".*/health", "action": "respond", "status": 200, "body": body, "times": None}
    released.live.control("POST", "/faults", fault)
    try:
        run, told = monitor(released, "--back", "1s")
    finally:
        released.live.control("DELETE", "/faults")
    assert run.code == 2, run.text
    assert told["alarms"] == [{"of": "service auth", "text": "UNHEALTHY no answer"}]
