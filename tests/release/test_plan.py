from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from release.backend_source import BackendSource, read_backend
from release.live_state import AppliedMigration, LiveState, ManifestRow, digest_function, digest_ledger
from release.plan import digest_migrations, plan_release

LIVE = {"chat": "live-chat", "hello": "live-hello"}


def released(source: BackendSource, before: LiveState, live: Mapping[str, str] = LIVE) -> LiveState:
    """Give the state that a release of `source` on top of `before` leaves, as its commands note it."""
    plan = plan_release(source, before)
    ledger = tuple(
        AppliedMigration(version=migration.version, name=migration.name, digest=None) for migration in source.migrations
    )
    versions = [migration.version for migration in ledger]
    functions = {
        f"function:{slug}": ManifestRow(source=source.functions[slug].digest, live=live[slug], token=token)
        for slug, token in plan.functions.items()
    }
    migrations = ManifestRow(source=digest_migrations(source), live=digest_ledger(versions), token=plan.migrations)
    return LiveState(ledger=ledger, functions=live, manifest={"migrations": migrations, **functions})


@pytest.fixture
def source(backend: Path) -> BackendSource:
    return read_backend(backend)


def test_a_first_release_has_everything_to_do(source: BackendSource) -> None:
    plan = plan_release(source, LiveState())
    assert plan.pending == ("20260101000000_first.sql", "20260102000000_second.sql")
    assert plan.changed == ("chat", "hello")


def test_after_a_release_every_token_is_the_same_again(source: BackendSource) -> None:
    first = plan_release(source, LiveState())
    second = plan_release(source, released(source, LiveState()))
    assert replace(second, pending=first.pending, changed=first.changed) == first
    assert second.pending == ()
    assert second.changed == ()


def test_an_edited_function_changes_its_token_and_what_follows_alone(source: BackendSource, backend: Path) -> None:
    state = released(source, LiveState())
    before = plan_release(source, state)
    (backend / "supabase/functions/hello/index.ts").write_text("Deno.serve(() => new Response());", encoding="utf-8")
    after = plan_release(read_backend(backend), state)
    assert after.changed == ("hello",)
    assert after.functions["chat"] == before.functions["chat"]
    assert after.migrations == before.migrations
    assert after.smoke != before.smoke
    assert after.record != before.record


@pytest.mark.parametrize("live", [{"hello": "live-hello"}, {**LIVE, "chat": "put back by hand"}])
def test_a_function_deleted_or_changed_by_hand_is_released_once(source: BackendSource, live: dict[str, str]) -> None:
    state = released(source, LiveState())
    tampered = replace(state, functions=live)
    plan = plan_release(source, tampered)
    assert plan.changed == ("chat",)
    repaired = released(source, tampered)
    assert plan_release(source, repaired).functions == plan.functions
    assert plan_release(source, repaired).changed == ()


def test_the_same_change_by_hand_is_seen_a_second_time(source: BackendSource) -> None:
    state = released(source, LiveState())
    tampered = replace(state, functions={"hello": "live-hello"})
    repaired = released(source, tampered)
    again = replace(repaired, functions={"hello": "live-hello"})
    assert plan_release(source, again).functions["chat"] != plan_release(source, tampered).functions["chat"]


def test_a_version_missing_from_the_ledger_is_pending_again(source: BackendSource) -> None:
    state = released(source, LiveState())
    plan = plan_release(source, replace(state, ledger=state.ledger[:1]))
    assert plan.pending == ("20260102000000_second.sql",)
    assert plan.migrations != plan_release(source, state).migrations


def test_the_release_hash_leaves_tests_and_documents_out(source: BackendSource, backend: Path) -> None:
    (backend / "README.md").write_text("words", encoding="utf-8")
    edited = read_backend(backend)
    assert edited.digest == source.digest
    assert edited.tree_digest != source.tree_digest


def test_without_a_bundle_digest_the_version_tells_deploys_apart() -> None:
    def digest(code: str | None, version: int) -> str:
        return digest_function(code=code, version=version, verify_jwt=True, status="ACTIVE")

    assert digest(None, 1) != digest(None, 2)
    assert digest("abc", 1) == digest("abc", 2)
    assert digest("abc", 1) != digest("abd", 1)
    assert digest_function(code="abc", version=1, verify_jwt=False, status="ACTIVE") != digest("abc", 1)
