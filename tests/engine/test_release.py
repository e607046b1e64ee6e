"""A release as its users see it. The tests run in order on one stack, and each leaves it without changes to make."""

import json
import re
import shutil
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.engine.checkout import Live, Session
from tests.engine.released import Released

pytestmark = pytest.mark.engine

ONLY_HERE = (
    "do $$ begin if to_regclass('release.marker') is not null then perform from release.marker;"
    " raise exception 'broken on a released project'; end if; end $$;"
)
HELLO = 'Deno.serve(() => new Response("hello"));\n'


def append(path: Path, line: str) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_first_up_releases_everything(released: Released) -> None:
    checkout, live = released.checkout, released.live
    migrations = sorted(path.name for path in (checkout.directory / "backend/supabase/migrations").glob("*.sql"))
    assert checkout.output("migrations") == migrations
    assert live.ledger() == [name.split("_")[0] for name in migrations]
    assert sorted(live.functions()) == checkout.output("functions")
    assert re.fullmatch(r"[0-9a-f]{64}", checkout.output("release_hash"))
    health = httpx.get(f"{checkout.output('functions_url')}/health", timeout=30)
    assert health.status_code == 200
    assert health.json()["status"] == "ok"


def test_a_second_up_changes_nothing_and_runs_no_command(released: Released) -> None:
    versions = {slug: function["version"] for slug, function in released.live.functions().items()}
    text = released.checkout.up_well("--expect-no-changes")
    assert "release/command" not in text
    assert {slug: function["version"] for slug, function in released.live.functions().items()} == versions


def test_the_work_tree_is_clean_afterwards(released: Released) -> None:
    assert released.checkout.git("status", "--porcelain") == ""


def test_protection_environment_and_secrets_read_back(released: Released) -> None:
    live = released.live
    rules = live.graphql(
        '{repository(owner:"mano-app",name:"mano"){branchProtectionRules(first:10){nodes{pattern'
        " requiredApprovingReviewCount requiresStatusChecks requiredStatusCheckContexts allowsForcePushes}}}}"
    )["repository"]["branchProtectionRules"]["nodes"]
    [staging] = [node for node in rules if node["pattern"] == "staging"]
    staging["requiredStatusCheckContexts"].sort()
    assert staging == {
        "pattern": "staging",
        "requiredApprovingReviewCount": 1,
        "requiresStatusChecks": True,
        "requiredStatusCheckContexts": ["backend-tests", "ios-build", "preview", "secrets"],
        "allowsForcePushes": False,
    }
    protection = live.github("/repos/mano-app/mano/branches/staging/protection").json()
    assert protection["required_pull_request_reviews"]["required_approving_review_count"] == 1
    environment = live.github("/repos/mano-app/mano/environments/staging").json()
    assert environment["deployment_branch_policy"] == {"protected_branches": False, "custom_branch_policies": True}
    policies = live.github("/repos/mano-app/mano/environments/staging/deployment-branch-policies").json()
    assert [policy["name"] for policy in policies["branch_policies"]] == ["staging"]
    secrets = live.github("/repos/mano-app/mano/environments/staging/secrets").json()["secrets"]
    assert sorted(secret["name"] for secret in secrets) == [
        "ANTHROPIC_API_KEY",
        "PULUMI_CONFIG_PASSPHRASE",
        "REPOSITORY_READ_TOKEN",
        "STAGING_PROJECT_REF",
        "SUPABASE_ACCESS_TOKEN",
        "SUPABASE_DB_PASSWORD",
    ]
    variables = live.github("/repos/mano-app/mano/environments/staging/variables").json()["variables"]
    assert {variable["name"]: variable["value"] for variable in variables} == {"STAGING_API_URL": live.url}


def test_a_preview_works_with_a_language_host_that_reads_the_virtualenv_option(
    released: Released, tmp_path: Path
) -> None:
    # Such a host takes Python from `runtime.options.virtualenv`, and the environment's folder need not be on PATH.
    # The one installed here takes it from PATH, so a wrapper gives it what the option names, and it alone.
    checkout, path = released.checkout, released.live.variables["PATH"].split(":")
    virtualenv = str(checkout.directory / ".venv" / "bin")
    others = [folder for folder in path if Path(folder).resolve() != Path(virtualenv).resolve()]
    hosts = [folder for folder in others if (Path(folder) / "pulumi-language-python").exists()]
    wrapper = tmp_path / "pulumi-language-python"
    wrapper.write_text(f'#!/bin/sh\nPATH={virtualenv}:$PATH exec {hosts[0]}/pulumi-language-python "$@"\n', "utf-8")
    wrapper.chmod(0o755)
    assert checkout.plan(environment={"PATH": ":".join([str(tmp_path), *others])}) == {}


def test_every_resource_lies_under_its_component(released: Released) -> None:
    export = released.checkout.run("pulumi", "stack", "export", "--stack", "staging").text
    deployment = json.loads(export[export.index("{") :])["deployment"]
    outside = [
        resource["urn"]
        for resource in deployment["resources"]
        if resource.get("custom")
        and "pulumi:providers:" not in resource["urn"]
        and "deployment:index:" not in resource["urn"]
    ]
    assert outside == []


def test_no_secret_stands_anywhere_in_plain_text(released: Released) -> None:
    variables = released.live.variables
    keys = [
        key["api_key"]
        for key in released.live.api("GET", "/api-keys?reveal=true").json()
        if key.get("api_key") and key["type"] == "secret"
    ]
    names = [name for name in variables if name.startswith(("SUPABASE_ACCESS_TOKEN", "SUPABASE_READ_TOKEN"))]
    names += ["SUPABASE_DB_PASSWORD", "ANTHROPIC_API_KEY", "GITHUB_TOKEN"]
    secrets = [variables[name] for name in names] + keys
    assert all(len(secret) >= 12 for secret in secrets)
    preview = released.checkout.run("pulumi", "preview", "--stack", "staging", "--diff", "--non-interactive").text
    log = (released.checkout.directory / ".local").rglob("*.log")
    places = {
        "state": released.checkout.state_text(),
        "first up": released.first_up,
        "preview": preview,
        "log": "\n".join(path.read_text(errors="replace") for path in log),
        "processes": "\n".join(released.command_lines),
    }
    assert [name for name, text in places.items() if any(secret in text for secret in secrets)] == []
    # What a search finds nothing in has to be there.
    assert "function-health" in places["state"]
    assert "functions deploy people" in places["processes"]


def test_an_edited_function_is_released_alone(released: Released) -> None:
    checkout, live = released.checkout, released.live
    path = checkout.directory / "backend/supabase/functions/health/index.ts"
    append(path, "// edited")
    before = live.functions()
    plan = checkout.plan()
    assert plan == {"tests": "update", "function-health": "update", "smoke-tests": "update", "record": "update"}
    checkout.up_well()
    after = live.functions()
    assert after["health"]["version"] == before["health"]["version"] + 1
    assert {slug: after[slug] for slug in ("chat", "people")} == {slug: before[slug] for slug in ("chat", "people")}
    assert checkout.plan() == {}


def test_an_edited_shared_module_releases_the_functions_that_use_it(released: Released) -> None:
    checkout = released.checkout
    path = checkout.directory / "backend/supabase/functions/_shared/caller.ts"
    append(path, "// edited")
    assert {name for name in checkout.plan() if name.startswith("function-")} == {"function-chat", "function-people"}
    checkout.up_well()
    assert checkout.plan() == {}


def test_a_new_migration_is_named_and_applied_before_the_functions(released: Released) -> None:
    checkout, live = released.checkout, released.live
    name = "20270101000000_nicknames.sql"
    backend = checkout.directory / "backend/supabase"
    (backend / "migrations" / name).write_text(
        "alter table public.people add column nickname text;\n", encoding="utf-8"
    )
    (backend / "rollbacks" / name).write_text("alter table public.people drop column nickname;\n", encoding="utf-8")
    path = backend / "functions/people/index.ts"
    append(path, "// uses it")
    preview = checkout.preview()
    assert set(re.findall(r"migration to apply: (\S+)", preview)) == {name}
    assert set(checkout.plan()) == {"tests", "migrations", "function-people", "smoke-tests", "record"}
    text = checkout.up_well()
    assert text.index(f"applied {name}") < text.index("people is live")
    assert live.ledger()[-1] == "20270101000000"
    assert checkout.plan() == {}


def test_a_rotated_token_password_and_key_run_no_release_command(released: Released) -> None:
    checkout = released.checkout
    stored = checkout.directory / ".local" / "credentials.json"
    credentials = json.loads(stored.read_text(encoding="utf-8"))
    rotated = {
        "supabase_db_password": "another-password-7f3a",
        "anthropic_api_key": "another-key-51d0",
    }
    assert rotated.keys() <= credentials.keys()
    tokens = checkout.directory / ".local" / "access-tokens.json"
    renewed = {
        f"sbp_{'5' * 40}" if entry["variable"] == "SUPABASE_ACCESS_TOKEN_STAGING" else value: entry
        for value, entry in json.loads(tokens.read_text(encoding="utf-8")).items()
    }
    checkout.localcloud("stop")
    stored.write_text(json.dumps({**credentials, **rotated}), encoding="utf-8")
    tokens.write_text(json.dumps(renewed), encoding="utf-8")
    released.live.variables.update(checkout.variables())
    plan = checkout.plan()
    assert {name for name in plan if name.startswith("environment-")} == {
        "environment-staging-ANTHROPIC_API_KEY",
        "environment-staging-SUPABASE_ACCESS_TOKEN",
        "environment-staging-SUPABASE_DB_PASSWORD",
    }
    release = ("tests", "target", "migrations", "function-", "smoke-tests", "record")
    assert not {name for name in plan if name.startswith(release)}
    checkout.up_well()
    assert checkout.plan() == {}
    assert released.live.ledger()


def test_a_function_deleted_by_hand_is_seen_and_repaired(released: Released) -> None:
    checkout, live = released.checkout, released.live
    assert live.api("DELETE", "/functions/health").status_code == 200
    assert set(checkout.plan()) == {"function-health", "smoke-tests", "record"}
    checkout.up_well()
    assert httpx.get(f"{live.url}/functions/v1/health", timeout=30).status_code == 200
    assert checkout.plan() == {}


def deploy_by_hand(released: Released, slug: str, source: str) -> None:
    metadata = {"entrypoint_path": "index.ts", "name": slug, "verify_jwt": False}
    answer = released.live.api(
        "POST",
        f"/functions/deploy?slug={slug}",
        files=[("file", ("index.ts", source.encode())), ("metadata", (None, json.dumps(metadata)))],
    )
    assert answer.status_code == 201, answer.text


def test_a_function_put_back_by_hand_is_seen_and_repaired_after_a_failed_up(released: Released) -> None:
    checkout, live = released.checkout, released.live
    people = checkout.directory / "backend/supabase/functions/people/index.ts"
    good = people.read_text(encoding="utf-8")
    # It passes every check, and breaks at its first start: the deploy itself finds out.
    people.write_text(f'throw new Error("broken at start");\n{good}', encoding="utf-8")
    chat = checkout.directory / "backend/supabase/functions/chat/index.ts"
    append(chat, "// edited again")
    result = checkout.up()
    assert result.code != 0
    assert "people" in result.text
    assert "Traceback" not in result.text
    deploy_by_hand(released, "chat", HELLO)
    people.write_text(good, encoding="utf-8")
    assert {"function-chat", "function-people"} <= set(checkout.plan())
    checkout.up_well()
    assert live.functions()["chat"]["verify_jwt"] is True
    assert checkout.plan() == {}
    command = ["python", "-m", "ops", "bodies", "--stack", "staging", "--json"]
    kept = json.loads(checkout.run(*command).text)
    (digest,) = [entry["digest"] for entry in kept if entry["slug"] == "chat"]
    folder = checkout.directory.parent / "kept"
    assert checkout.run(*command, "--extract", digest[:12], "--to", str(folder)).code == 0
    assert (folder / "source/index.ts").read_text(encoding="utf-8") == HELLO


def test_a_failing_migration_leaves_everything_as_it_was(released: Released) -> None:
    checkout, live = released.checkout, released.live
    name = "20270201000000_broken.sql"
    backend = checkout.directory / "backend/supabase"
    path = backend / "migrations" / name
    # The proof of its undo, on a throw-away database, finds nothing: it fails on this one alone.
    path.write_text(f"create table public.fine (id bigint);\n{ONLY_HERE}\n", encoding="utf-8")
    (backend / "rollbacks" / name).write_text("drop table public.fine;\n", encoding="utf-8")
    health = backend / "functions/health/index.ts"
    append(health, "// with the migration")
    before = live.ledger(), live.functions()
    result = checkout.up()
    assert result.code != 0
    assert f"Migration {name} failed" in result.text
    assert "broken on a released project" in result.text
    assert "perform from release.marker" in result.text
    assert "Traceback" not in result.text
    assert (live.ledger(), live.functions()) == before
    assert live.sql("select to_regclass('public.fine') as fine") == [{"fine": None}]
    path.write_text("create table public.fine (id bigint);\n", encoding="utf-8")
    checkout.up_well()
    assert live.ledger()[-1] == "20270201000000"
    assert checkout.plan() == {}


def commit_after_a_try(live: Live, reader: Session) -> None:
    """End the reader's transaction once a statement has waited for its lock and given up."""
    waiting = "select exists (select from pg_locks where not granted) as waiting"
    deadline = time.monotonic() + 120
    with live.session() as observer:
        for expected in (True, False):
            while time.monotonic() < deadline and observer.execute(waiting).fetchall() != [{"waiting": expected}]:
                time.sleep(0.05)
    reader.execute("commit")


def test_a_lock_held_by_somebody_is_waited_for_in_short_tries(released: Released) -> None:
    checkout, live = released.checkout, released.live
    name = "20270205000000_behind_a_reader.sql"
    backend = checkout.directory / "backend/supabase"
    (backend / "migrations" / name).write_text("alter table public.people add column motto text;\n", encoding="utf-8")
    (backend / "rollbacks" / name).write_text("alter table public.people drop column motto;\n", encoding="utf-8")
    stack = checkout.directory / "Pulumi.staging.yaml"
    edit(stack, "  mano:functionSecrets:", "  mano:backend: {lockTimeoutSeconds: 1}\n  mano:functionSecrets:")
    with live.session() as reader:
        reader.execute("begin; select count(*) from public.people")
        ended = threading.Thread(target=commit_after_a_try, args=(live, reader))
        ended.start()
        text = checkout.up_well()
        ended.join()
    assert re.search(r"a lock was not free within 1 s(, held by “no name” as postgres .*)?; trying again in 1 s", text)
    assert live.ledger()[-1] == "20270205000000"
    checkout.git("checkout", "--quiet", "Pulumi.staging.yaml")
    checkout.up_well()
    assert checkout.plan() == {}


def test_an_edited_migration_and_one_without_undo_are_refused_at_preview(released: Released) -> None:
    checkout, live = released.checkout, released.live
    backend = checkout.directory / "backend/supabase"
    applied = backend / "migrations/20270201000000_broken.sql"
    good = applied.read_text(encoding="utf-8")
    applied.write_text("create table public.fine (id integer);\n", encoding="utf-8")
    pending = backend / "migrations/20270215000000_pending.sql"
    pending.write_text("begin;\ncreate table public.half (id bigint);\n", encoding="utf-8")
    before = live.ledger(), live.functions()
    result = checkout.up()
    assert result.code != 0
    assert "Traceback" not in result.text
    assert "20270201000000_broken.sql is applied, and was edited since" in result.text
    assert "id integer" in result.text
    assert "20270215000000_pending.sql has no undo" in result.text
    assert "20270215000000_pending.sql:1: transaction control" in result.text
    assert (live.ledger(), live.functions()) == before
    # A differing comment is no edit.
    applied.write_text(f"-- why\n{good}", encoding="utf-8")
    pending.unlink()
    checkout.up_well()
    assert checkout.plan() == {}


def test_a_syntax_error_is_refused_before_any_migration(released: Released) -> None:
    checkout, live = released.checkout, released.live
    backend = checkout.directory / "backend/supabase"
    migration = backend / "migrations/20270301000000_later.sql"
    migration.write_text("create table public.later (id bigint);\n", encoding="utf-8")
    (backend / "rollbacks" / migration.name).write_text("drop table public.later;\n", encoding="utf-8")
    path = backend / "functions/people/index.ts"
    good = path.read_text(encoding="utf-8")
    path.write_text(f"{good}\nconst broken = ;\n", encoding="utf-8")
    before = live.ledger(), live.functions()
    result = checkout.up()
    assert result.code != 0
    assert "functions/people/index.ts" in result.text
    assert (live.ledger(), live.functions()) == before
    path.write_text(good, encoding="utf-8")
    checkout.up_well()
    assert live.ledger()[-1] == "20270301000000"
    assert checkout.plan() == {}


def test_a_removed_function_is_deleted(released: Released) -> None:
    checkout, live = released.checkout, released.live
    config = checkout.directory / "backend/supabase/config.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(f"{text}\n[functions.hello]\nverify_jwt = false\n", encoding="utf-8")
    path = checkout.directory / "backend/supabase/functions/hello/index.ts"
    path.parent.mkdir()
    path.write_text(HELLO, encoding="utf-8")
    checkout.up_well()
    assert httpx.get(f"{live.url}/functions/v1/hello", timeout=30).text == "hello"
    shutil.rmtree(path.parent)
    config.write_text(text, encoding="utf-8")
    assert checkout.plan()["function-hello"] == "delete"
    checkout.up_well()
    assert "hello" not in live.functions()
    assert live.sql("select part from release.manifest where part = 'function:hello'") == []
    assert checkout.plan() == {}


def test_a_wrong_configuration_is_one_error_before_anything_is_declared(released: Released) -> None:
    path = released.checkout.directory / "Pulumi.staging.yaml"
    good = path.read_text(encoding="utf-8")
    try:
        edit(path, "eu-central-1", "eu-centrl-1")
        edit(path, "createFrom", "createFrm")
        edit(path, "upToDate: false", "upToDate: maybe")
        result = released.checkout.up()
    finally:
        path.write_text(good, encoding="utf-8")
    assert result.code != 0
    assert "Traceback" not in result.text
    for key in ("mano:supabase.project.region", "mano:branch.createFrm", "mano:branch.protection.upToDate"):
        assert result.text.count(f"Pulumi.staging.yaml: {key}") == 1
    assert result.text.count("Remedy: ") >= 3


def test_each_release_is_on_record_with_its_commit(released: Released) -> None:
    records = released.live.sql("select digest, git_commit, git_dirty, fencing from release.records order by id")
    assert records[0]["git_commit"] == released.checkout.git("rev-parse", "HEAD").strip()
    assert records[0]["git_dirty"] is False
    assert records[-1]["digest"] == released.checkout.output("release_hash")
    lease = released.live.sql("select expires_at <= now() as free from release.lease")
    assert lease == [{"free": True}]


def test_another_project_behind_the_same_ref_is_refused(released: Released) -> None:
    checkout, live = released.checkout, released.live
    live.sql("update release.marker set name = 'somebody-elses'")
    path = checkout.directory / "backend/supabase/functions/health/index.ts"
    append(path, "// for the wrong target")
    before = live.functions()
    result = checkout.up()
    assert result.code != 0
    assert "Wrong target" in result.text
    assert live.functions() == before
    live.sql("update release.marker set name = 'mano-staging'")
    checkout.up_well()
    assert checkout.plan() == {}


def test_stopped_killed_and_started_again_it_has_its_data(released: Released) -> None:
    checkout, live = released.checkout, released.live
    ledger = live.ledger()
    checkout.localcloud("stop")
    checkout.up_well("--expect-no-changes")
    assert live.ledger() == ledger
    data = str(checkout.directory / ".local")
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and any(data in part for part in process.info["cmdline"] or []):
            process.kill()
    checkout.up_well("--expect-no-changes")
    assert live.ledger() == ledger
