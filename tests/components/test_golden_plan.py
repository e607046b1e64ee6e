"""What each stack declares, as a reviewed file: a renamed resource, which is a delete and a create, shows in review."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RENEW = "RENEW_PLANS=1 .venv/bin/python -m pytest tests/components/test_golden_plan.py"
STACKS = ("production", "staging")
# What nothing of production may be deleted or replaced without: everything but the steps of a release.
KEPT = ("supabase:index:", "github:index/")


def golden(stack: str) -> Path:
    return Path(__file__).parent / "golden" / f"{stack}.yaml"


def reviewed(stack: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(golden(stack).read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_declares_what_was_reviewed(stack: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.components.declared_plan", stack],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    if os.environ.get("RENEW_PLANS"):
        golden(stack).write_text(result.stdout, encoding="utf-8")
    plan = yaml.safe_load(result.stdout)
    assert sorted(plan) == sorted(reviewed(stack)), f"after looking at the difference: {RENEW}"
    assert plan == reviewed(stack), f"after looking at the difference: {RENEW}"


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_lies_under_a_component(stack: str) -> None:
    outside = [urn for urn in reviewed(stack) if "::deployment:index:" not in urn]
    assert [urn for urn in outside if not urn.split("$")[-1].startswith("deployment:index:")] == []


def test_everything_adopted_is_protected() -> None:
    plan = reviewed("production")
    resources = {urn: entry for urn, entry in plan.items() if urn.split("$")[-1].startswith(KEPT)}
    assert len(resources) > 15
    assert [urn for urn, entry in resources.items() if not entry.get("options", {}).get("protect")] == []
    for kind in ("supabase:index:Project", "github:index/repository:Repository"):
        (entry,) = [entry for urn, entry in resources.items() if f"${kind}::" in urn]
        assert entry["options"]["import"]
        assert entry["options"]["retainOnDelete"] is True


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_is_declared_in_plain_text(stack: str) -> None:
    assert "a-seeded-secret" not in golden(stack).read_text(encoding="utf-8")
    values = [entry["inputs"]["value"] for urn, entry in reviewed(stack).items() if "Secret::" in urn.split("$")[-1]]
    assert len(values) >= 5
    assert set(values) == {"[secret]"}


@pytest.mark.parametrize("stack", STACKS)
def test_a_secret_that_has_to_be_replaced_is_deleted_first(stack: str) -> None:
    # Created first, it would be written and then deleted under the same name.
    secrets = [entry for urn, entry in reviewed(stack).items() if "ecret:Actions" in urn.split("$")[-1]]
    assert secrets
    assert all(entry["options"]["deleteBeforeReplace"] for entry in secrets)


def test_one_stack_alone_owns_the_repository() -> None:
    assert [stack for stack in STACKS if any("RepositoryWide" in urn for urn in reviewed(stack))] == ["production"]
