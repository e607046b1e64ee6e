from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.backend_release import BackendRelease, BackendReleaseArgs
from release.backend_source import read_backend
from release.live_state import LiveState
from release.plan import ReleasePlan, plan_release
from settings.stack import Settings
from tests.components.recorder import Declared, record
from tests.conftest import ROOT

Steps = Callable[..., dict[str, Declared]]
PLAN = plan_release(read_backend(ROOT / "backend"), LiveState())


@pytest.fixture
def steps(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Declare a release and give its steps by name."""
    for name in ("SUPABASE_ACCESS_TOKEN", "SUPABASE_DB_PASSWORD"):
        monkeypatch.setenv(name, "a-seeded-secret")

    def declare(plan: ReleasePlan = PLAN, *, notifies: bool = False) -> dict[str, Declared]:
        args = BackendReleaseArgs(
            stack="test",
            supabase=settings.supabase,
            ref="abcdefghijklmnopqrst",
            ready=[],
            backend=settings.backend,
            plan=plan,
            notifies=notifies,
        )
        declared = record(lambda: BackendRelease("release", args))
        return {entry.name: entry for entry in declared if entry.kind == "command:local:Command"}

    return declare


def test_there_is_a_step_for_each_function_and_one_for_each_other_part(steps: Steps) -> None:
    slugs = {f"function-{slug}" for slug in PLAN.functions}
    assert steps().keys() == {"tests", "target", "migrations", "smoke-tests", "record"} | slugs
    assert steps(notifies=True).keys() - steps().keys() == {"notification"}


def test_no_step_has_a_credential_among_its_inputs(steps: Steps) -> None:
    for step in steps(notifies=True).values():
        assert "a-seeded-secret" not in str(step.inputs)
        assert {name for name in step.inputs["environment"] if not name.startswith("RELEASE_")} <= {"MIGRATIONS"}


def test_a_changed_token_updates_its_step_and_no_other(steps: Steps) -> None:
    before = steps()
    after = steps(replace(PLAN, functions={**PLAN.functions, "health": "another-token"}))
    assert {name for name in before if before[name].inputs != after[name].inputs} == {"function-health"}
    # A trigger would replace: the old one's delete would then remove the function that was just deployed.
    assert all("update" in step.inputs and "triggers" not in step.inputs for step in after.values())


def test_only_functions_are_deleted_with_their_step(steps: Steps) -> None:
    assert {name for name, step in steps().items() if "delete" in step.inputs} == {
        f"function-{slug}" for slug in PLAN.functions
    }


def test_the_folder_and_the_behaviour_come_from_the_settings(steps: Steps, settings: Settings) -> None:
    told = steps()
    assert f"--backend {settings.backend.directory}" in told["migrations"].inputs["update"]
    assert f"--at-once {settings.backend.parallel_deploys}" in told["function-health"].inputs["update"]
    assert f"--deadline {settings.backend.smoke_test_seconds}" in told["smoke-tests"].inputs["update"]
    assert Path(settings.backend.directory) == Path("backend")
