"""What operations read of files: accepted findings, hotfixes, the engine's plans and states, workflows, snapshots."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from estate.code_owners import read_workflow_owners
from estate.workflow_checks import read_reported_checks
from ops.audit import receipts
from ops.audit.acceptance import FILE, read_accepted
from ops.hotfix_declaration import declare_hotfix
from ops.plan.backend_changes import find_backend_changes
from ops.plan.digest import PlanDigest
from ops.plan.preview import read_preview
from ops.withheld_state import withhold
from release.backend_source import read_backend
from release.snapshot import find_snapshot, read_snapshot
from tests.conftest import ROOT
from tests.hostile.clear_error import DEEP, JSON, NAMES, RELAXED, assert_clear, contents, mistaken, told

SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
VALUE = "not-for-previews-7f3a"
ACCEPTED = {"accepted": [{"finding": "label: x", "reason": "it is as it is", "until": "2026-12-31"}]}
WORKFLOW = {"on": ["pull_request"], "jobs": {"test": {"name": "tests", "runs-on": "x"}, "other": {"uses": "./y"}}}
RULE = "github:index/branchProtection:BranchProtection"
STEP = {
    "op": "update",
    "urn": f"urn:pulumi:staging::mano::deployment:index:ReleasedBranch${RULE}::branch",
    "oldState": {"inputs": {"enforceAdmins": True, "requiredStatusChecks": [{"contexts": ["a"], "strict": True}]}},
    "newState": {"inputs": {"enforceAdmins": False, "requiredStatusChecks": []}},
    "detailedDiff": {"enforceAdmins": {"kind": "update"}},
}
MIGRATIONS = {
    "op": "update",
    "urn": "urn:pulumi:staging::mano::deployment:index:BackendRelease$command:local:Command::migrations",
    "oldState": {"inputs": {"environment": {"MIGRATIONS": "20260105090000_people.sql"}}},
    "newState": {"inputs": {"environment": {"MIGRATIONS": "20260105090000_people.sql 20260202083000_text_limits.sql"}}},
}
PREVIEW = {"steps": [STEP, MIGRATIONS], "diagnostics": [{"severity": "warning", "message": "x"}], "changeSummary": {}}
STATE = {
    "version": 3,
    "deployment": {
        "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:x"}},
        "resources": [
            {
                "urn": "urn:pulumi:staging::mano::github:index/actionsSecret:ActionsSecret::x",
                "type": "github:index/actionsSecret:ActionsSecret",
                "outputs": {
                    "secretName": "X",
                    "updatedAt": "2026-01-31 10:00:00 +0000 UTC",
                    "plaintextValue": {SIGNATURE: SECRET, "plaintext": json.dumps({"a": [VALUE, 1]})},
                },
            }
        ],
    },
}
SNAPSHOT = {
    "ledger": [{"version": "1", "name": "x", "digest": None}],
    "manifest": [{"part": "migrations", "source": "a", "live": "b", "token": "c"}],
    "hashes": [{"digest": "d", "number": 1, "at": "2026-01-01", "reason": None}],
}
RECORD = "urn:pulumi:staging::mano::deployment:index:BackendRelease$command:local:Command::record"
STACK = (ROOT / "Pulumi.production.yaml").read_text(encoding="utf-8")


def dump(document: Any) -> bytes:
    return yaml.safe_dump(document).encode(errors="replace")


def texts(document: Any) -> st.SearchStrategy[str]:
    """Give JSON that is mistaken, cut, or of another kind."""
    right = json.dumps(document)
    cut = st.integers(0, len(right)).map(lambda end: right[:end])
    return mistaken(document).map(json.dumps) | cut | JSON.map(json.dumps) | st.text(max_size=20) | st.just(DEEP)


@RELAXED
@given(content=mistaken(ACCEPTED).map(dump) | st.binary(max_size=40) | JSON.map(dump) | st.just(DEEP.encode()))
def test_any_file_of_accepted_findings_is_taken_or_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / ".github").mkdir(exist_ok=True)
    (tmp_path / FILE).write_bytes(content)
    text = told(lambda: read_accepted(tmp_path))
    assert text is None or FILE in text


@RELAXED
@given(content=mistaken(WORKFLOW).map(dump) | st.binary(max_size=40) | JSON.map(dump) | st.just(DEEP.encode()))
def test_any_workflow_is_read_or_refused(content: bytes, tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.yml").write_bytes(content)
    (folder.parent / "CODEOWNERS").write_bytes(content)
    read_workflow_owners(tmp_path)
    try:
        read_reported_checks(tmp_path)
    except ValueError as error:
        assert_clear(str(error))


@RELAXED
@given(
    text=st.sampled_from([STACK, STACK.replace("  ", "    "), STACK.replace("\n", "\r\n"), "config: {}\n", ""])
    | mistaken(yaml.safe_load(STACK)).map(dump).map(bytes.decode)
    | st.text(max_size=30).map(lambda text: f"config:\n  mano:x: {text}\n"),
    reason=st.text(max_size=30),
)
def test_a_hotfix_is_written_well_or_not_at_all(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: mano\n", encoding="utf-8")
    file = tmp_path / "Pulumi.production.yaml"
    file.write_bytes(text.encode(errors="replace"))
    before = contents(tmp_path)
    if told(lambda: declare_hotfix(tmp_path, "production", release="a" * 64, reason=reason)) is not None:
        assert contents(tmp_path) == before
        return
    after = yaml.safe_load(file.read_bytes())
    assert after["config"].pop("mano:hotfix") == {"release": "a" * 64, "reason": reason}
    old = yaml.safe_load(before[str(file)])
    old["config"].pop("mano:hotfix", None)
    assert after == old


@RELAXED
@given(text=texts(PREVIEW))
def test_any_plan_of_the_engine_is_told_or_refused(text: str) -> None:
    def work() -> None:
        preview = read_preview(text)
        changes = find_backend_changes(preview, read_backend(ROOT / "backend"), None)
        digest = PlanDigest(stack="staging", preview=preview, backend=changes, hotfix=None)
        assert digest.write(20_000)
        json.dumps(digest.as_json())

    told(work)


@pytest.mark.parametrize("name", ["../../../../../../../../etc/hostname", "/etc/hostname", f"{'a' * 300}.sql", ".."])
def test_a_plan_names_migrations_and_no_other_files(name: str) -> None:
    changed = {**MIGRATIONS, "newState": {"inputs": {"environment": {"MIGRATIONS": name}}}}
    changes = find_backend_changes(read_preview(json.dumps({"steps": [changed]})), read_backend(ROOT / "backend"), None)
    assert [migration.sql for migration in changes.migrations if migration.sql] == []


@RELAXED
@given(state=mistaken(STATE) | JSON)
def test_a_copy_of_any_state_has_no_value_or_there_is_none(state: Any) -> None:
    copies: list[Any] = []
    text = told(lambda: copies.append(withhold(state)))
    assert text is None or VALUE not in text
    # A secret whose mark was changed is none that anybody could tell; the engine itself would show it.
    if SIGNATURE in json.dumps(state) and SECRET in json.dumps(state) and '"plaintext"' in json.dumps(state):
        assert VALUE not in json.dumps(copies)


def test_a_secret_without_its_value_is_refused() -> None:
    state = {"deployment": {"resources": [{"outputs": {"x": {SIGNATURE: SECRET, "ciphertext": VALUE}}}]}}
    text = told(lambda: withhold(state))
    assert text
    assert VALUE not in text


@RELAXED
@given(text=texts(SNAPSHOT))
def test_any_snapshot_is_read_or_is_none(text: str) -> None:
    try:
        told(lambda: read_snapshot(text))
    except ValueError:
        # What it says of a text that is none; whoever looks for one takes it for none.
        assert find_snapshot([(RECORD, {"stdout": text})]) is None
    find_snapshot([(RECORD, {"stdout": text})])


@RELAXED
@given(text=texts(STATE), name=NAMES)
def test_receipts_of_any_state_are_read_or_refused(text: str, name: str) -> None:

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as pool:
        patch.setattr(receipts, "run_engine", lambda _: SimpleNamespace(returncode=0, stdout=text, stderr=name))
        found = pool.submit(lambda: asyncio.run(receipts.read_receipts("staging"))).result()
    assert found is not None
