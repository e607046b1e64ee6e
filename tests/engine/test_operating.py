"""From a release to staging to one watched in production, as docs/operating.md tells. The tests run in order."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.engine.checkout import Checkout, Live, Run
from tests.engine.released import Released

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

APP = "the iOS app against staging"
PRODUCTION, TOKEN = "zfroutbzdkhivnpiezho", "SUPABASE_ACCESS_TOKEN_PRODUCTION"


def validate(released: Released, *arguments: str) -> tuple[Run, Any]:
    run = released.checkout.run("python", "-m", "ops", "validate", "--stack", "staging", "--json", *arguments)
    last = run.text.splitlines()[-1]
    return run, json.loads(last) if last.startswith("{") else None


def production(released: Released) -> Checkout:
    return replace(released.checkout, stack="production")


def test_production_asks_for_the_checklist(released: Released) -> None:
    stack_file = released.checkout.directory / "Pulumi.production.yaml"
    text = stack_file.read_text(encoding="utf-8")
    asked = f"    validatedBy: staging\n    requires: [logs, services, {APP}]\n"
    stack_file.write_text(text.replace("    validatedBy: staging\n", asked, 1), encoding="utf-8")
    refused = production(released).run("pulumi", "preview", "--stack", "production", "--non-interactive")
    assert refused.code != 0
    assert f"  {APP}: not checked" in refused.text
    assert "python -m ops validate --stack staging" in refused.text


def test_what_is_live_is_validated_and_people_tick_the_rest(released: Released) -> None:
    run, told = validate(released)
    assert run.code == 2, run.text
    found = {entry["item"]: entry["passed"] for entry in told["items"]}
    assert found.keys() == {"logs", "advisors", "statements", "services"}
    assert found["logs"] is found["services"] is True
    assert told["open"] == [APP]
    run, _ = validate(released, "--tick", "the coffee machine", "--by", "Ada")
    assert run.code == 1
    assert f"now these are to be tried by people: {APP}" in run.text
    run, _ = validate(released, "--tick", APP)
    assert run.code == 1
    assert "--by" in run.text
    run, told = validate(released, "--tick", APP, "--by", "Ada")
    ticked = next(entry for entry in told["items"] if entry["item"] == APP)
    assert (ticked["passed"], ticked["by"]) == (True, "Ada")
    assert told["open"] == []
    production(released).up_well("--skip-preview")


def test_an_error_that_a_function_logs_is_found(released: Released) -> None:
    backend = released.checkout.directory / "backend/supabase"
    (backend / "functions/noisy").mkdir()
    (backend / "functions/noisy/index.ts").write_text(
        'Deno.serve(() => {\n  console.error("the seventh seal");\n  return new Response();\n});\n', encoding="utf-8"
    )
    with (backend / "config.toml").open("a", encoding="utf-8") as config:
        config.write("\n[functions.noisy]\nverify_jwt = false\n")
    released.checkout.up_well("--skip-preview")
    assert released.live.function("noisy").status_code == 200
    run, told = validate(released)
    assert run.code == 2, run.text
    logs = next(entry for entry in told["items"] if entry["item"] == "logs")
    assert not logs["passed"]
    assert "the seventh seal" in logs["told"]
    # What was ticked was another release.
    assert told["open"] == [APP]


def test_the_app_is_told_where_its_backend_is(released: Released) -> None:
    output = released.checkout.directory / "staging.xcconfig"
    run = released.checkout.run("python", "-m", "ops", "app-config", "--stack", "staging", "--output", str(output))
    assert run.code == 0, run.text
    lines = dict(line.split(" = ") for line in output.read_text(encoding="utf-8").splitlines()[1:])
    assert lines["SUPABASE_URL"].replace("$()", "") == released.live.url
    assert "//" not in lines["SUPABASE_URL"]
    keys = {key["type"]: key["api_key"] for key in released.live.api("GET", "/api-keys?reveal=true").json()}
    assert lines["SUPABASE_PUBLISHABLE_KEY"] == keys["publishable"]
    assert keys["secret"] not in output.read_text(encoding="utf-8")
    nowhere = released.checkout.directory / "nowhere/app.xcconfig"
    run = released.checkout.run("python", "-m", "ops", "app-config", "--stack", "staging", "--output", str(nowhere))
    assert run.code == 1
    assert "can't be written" in run.text


def test_the_next_release_is_validated_on_refreshed_data_and_watched_in_production(released: Released) -> None:
    noisy = released.checkout.directory / "backend/supabase/functions/noisy/index.ts"
    noisy.write_text("Deno.serve(() => new Response());\n", encoding="utf-8")
    released.checkout.up_well("--skip-preview")
    run = released.checkout.run("python", "-m", "ops", "refresh-staging", "--yes", "--json")
    assert run.code == 0, run.text
    people = Live(PRODUCTION, released.live.variables | {"SUPABASE_ACCESS_TOKEN": released.live.variables[TOKEN]}).sql(
        "select id, email from auth.users"
    )
    assert people
    there = released.live.sql("select id, email from auth.users")
    assert len(there) == len(people)
    assert {row["email"] for row in there}.isdisjoint(row["email"] for row in people)
    run, told = validate(released, "--tick", APP, "--by", "Ada")
    assert {entry["item"]: entry["passed"] for entry in told["items"]}["logs"], run.text
    production(released).up_well("--skip-preview")
    run = released.checkout.run("python", "-m", "ops", "monitor", "--stack", "production", "--back", "15m", "--json")
    assert run.code == 0, run.text
    assert json.loads(run.text.splitlines()[-1])["functions"]["health"]["requests"] > 0
