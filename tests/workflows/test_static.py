"""What a run on this machine can't show of workflows: triggers, rights, environments, pins."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings.reading import read_files
from settings.stack import Settings
from tests.conftest import ROOT
from tests.workflows.act import find_labels

FOLDER = ROOT / ".github/workflows"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in {".yml", ".yaml"})
STACKS = ("staging", "production")
# Action to version and commit; both as in the action's own repository.
PINS = {
    "actions/checkout": ("v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1"),
    "actions/setup-python": ("v7.0.0", "5fda3b95a4ea91299a34e894583c3862153e4b97"),
    "actions/upload-artifact": ("v7.0.1", "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a"),
    "denoland/setup-deno": ("v2.0.4", "667a34cdef165d8d2b2e98dde39547c9daac7282"),
    "maxim-lobanov/setup-xcode": ("v1.7.0", "ed7a3b1fda3918c0306d1b724322adc0b8cc0a90"),
}
TRIGGERS: Mapping[str, Any] = {
    "pr-checks.yml": {"pull_request": {"branches": ["staging", "main"]}},
    "release-source.yml": {
        "pull_request_target": {
            "branches": ["main"],
            "types": ["opened", "reopened", "synchronize", "edited", "ready_for_review", "labeled", "unlabeled"],
        }
    },
    "deploy-staging.yml": {"push": {"branches": ["staging"]}},
    "deploy-production.yml": {"push": {"branches": ["main"]}},
    "back-merge.yml": {"push": {"branches": ["main"]}},
    "monitor.yml": {"schedule": [{"cron": "7,22,37,52 * * * *"}], "workflow_dispatch": None},
    "drift-audit.yml": {"schedule": [{"cron": "17 5 * * *"}], "workflow_dispatch": None},
    "refresh-staging.yml": {
        "schedule": [{"cron": "41 3 * * 1"}],
        "workflow_dispatch": {
            "inputs": {
                "sample": {
                    "description": "A part of the rows, such as 10% or 5000; empty for all",
                    "required": False,
                    "type": "string",
                },
                "fit": {
                    "description": "What staging's database may come to, such as 500MB; empty for no limit",
                    "required": False,
                    "type": "string",
                },
            }
        },
    },
}
BY_HAND = {"govern.yml", "rollback.yml", "release-pr.yml"}
# Job to what it writes on GitHub with the workflow's own token.
WRITES = {("pr-checks.yml", "preview-stack"): {"pull-requests"}}
ENVIRONMENTS = {
    ("pr-checks.yml", "preview-stack"): {"staging-read", "production-read"},
    ("release.yml", "release"): {"staging", "production"},
    ("release-pr.yml", "open"): {"pull-requests"},
    ("back-merge.yml", "open"): {"pull-requests"},
    ("drift-audit.yml", "audit"): {"audit"},
    ("monitor.yml", "monitor"): {"audit"},
    ("refresh-staging.yml", "refresh"): {"refresh"},
    ("rollback.yml", "rollback"): {"staging", "production"},
    ("govern.yml", "govern"): {"administration"},
}


def load(path: Path) -> dict[str, Any]:
    document: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    # YAML 1.1 reads the key `on` as true.
    return {"on" if key is True else str(key): value for key, value in document.items()}


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in FILES:
        for key, job in load(path)["jobs"].items():
            yield path.name, key, job


def stacks() -> list[Settings]:
    return [read_files(ROOT, stack) for stack in STACKS]


def text_of(value: Any) -> str:
    return yaml.safe_dump(value)


def texts_of(value: Any) -> Iterator[str]:
    """Give every text in a part of a workflow."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from texts_of(part)


def test_every_workflow_starts_at_what_it_is_for() -> None:
    assert {path.name for path in FILES} == {*TRIGGERS, *BY_HAND, "release.yml"}
    for name, expected in TRIGGERS.items():
        assert load(FOLDER / name)["on"] == expected, name
    for name in BY_HAND:
        assert set(load(FOLDER / name)["on"]) <= {"workflow_dispatch", "workflow_call"}, name
    assert set(load(FOLDER / "release.yml")["on"]) == {"workflow_call"}


def test_rights_are_given_by_job_and_write_only_where_it_is_known() -> None:
    for path in FILES:
        assert load(path)["permissions"] == {}, path.name
    for name, key, job in jobs():
        assert "permissions" in job, f"{name} {key}"
        written = {right for right, level in job["permissions"].items() if level == "write"}
        assert written == WRITES.get((name, key), set()), f"{name} {key}"
        assert set(job["permissions"].values()) <= {"read", "write"}


def test_jobs_run_in_the_environments_that_they_are_meant_for_and_no_others_have_one() -> None:
    found = {}
    for name, key, job in jobs():
        if environment := job.get("environment"):
            quoted = set(re.findall(r"'([\w-]+)'", environment)) - {"main", "staging"} if "'" in environment else set()
            found[name, key] = quoted or ({"staging", "production"} if "inputs.stack" in environment else {environment})
    assert found == ENVIRONMENTS


def test_every_secret_of_a_job_is_declared_for_its_environment() -> None:
    declared: dict[str, set[str]] = {}
    for settings in stacks():
        for where, environment_settings in settings.environments.items():
            declared.setdefault(where, set()).update(environment_settings.secrets)
    asked: dict[tuple[str, str], set[str]] = {}
    for name, key, job in jobs():
        if "uses" not in job:
            asked[name, key] = set(re.findall(r"secrets\.(\w+)", text_of(job))) - {"GITHUB_TOKEN"}
    for job_of, names in asked.items():
        assert not names or job_of in ENVIRONMENTS, f"{job_of} reads secrets without an environment"
        for environment in ENVIRONMENTS.get(job_of, set()):
            assert names <= declared[environment], f"{job_of} in {environment}"
    assert "ADMINISTRATION" not in " ".join(
        secret for job_of, names in asked.items() for secret in names if job_of[0] != "govern.yml"
    )


def test_a_secret_is_named_and_is_seen_by_one_step_alone() -> None:
    """One that every step sees is seen by actions and by what a build runs; one that is not named is all of them."""
    for path in FILES:
        document = load(path)
        calls = [job["secrets"] for job in document["jobs"].values() if "uses" in job and "secrets" in job]
        steps = [step["env"] for job in document["jobs"].values() for step in job.get("steps", []) if "env" in step]
        found = [text for text in texts_of(document) if "${{" in text and "secrets" in text]
        allowed = [text for text in texts_of([*calls, *steps]) if text in found]
        assert sorted(found) == sorted(allowed), path.name
        for text in found:
            assert len(re.findall("secrets", text)) == len(re.findall(r"\bsecrets\.\w+", text)), f"{path.name}: {text}"


def test_a_called_workflow_is_handed_what_it_asks_for_under_the_same_names() -> None:
    for name, key, job in jobs():
        if "uses" in job:
            asked = load(ROOT / job["uses"])["on"]["workflow_call"].get("secrets", {})
            assert job["secrets"] == {secret: f"${{{{ secrets.{secret} }}}}" for secret in asked}, f"{name} {key}"


def test_every_variable_of_a_workflow_is_declared() -> None:
    declared = {name for settings in stacks() for name in settings.repository_wide.variables}
    texts = [text for path in FILES for text in texts_of(load(path)) if "${{" in text]
    assert {name for text in texts for name in re.findall(r"\bvars\.(\w+)", text)} <= declared
    assert [text for text in texts if re.search(r"\bvars\b(?!\.\w)", text)] == []


def test_required_checks_are_reported_and_never_skipped_unseen() -> None:
    required = {check for settings in stacks() for check in settings.branch.protection.required_checks}
    reported = {
        str(job.get("name", key)): job for name, key, job in jobs() if name in {"pr-checks.yml", "release-source.yml"}
    }
    assert required <= reported.keys()
    for check in required:
        # GitHub counts a skipped job as passed.
        assert "if" not in reported[check] or re.search(r"always\(\)|!cancelled\(\)", reported[check]["if"]), check
        assert "needs" not in reported[check] or "needs." in text_of(reported[check]["steps"]), check


def test_nothing_that_releases_is_ever_cancelled_and_one_stack_s_runs_wait_for_each_other() -> None:
    groups = {}
    for name, key, job in jobs():
        if (name, key) in ENVIRONMENTS and name != "pr-checks.yml":
            assert job["concurrency"]["cancel-in-progress"] is False, f"{name} {key}"
            groups[name] = job["concurrency"]["group"]
    assert groups["release.yml"] == groups["govern.yml"] == "release-${{ inputs.stack }}"
    for path in FILES:
        if "pull_request" not in text_of(load(path)["on"]):
            assert "concurrency" not in load(path), path.name
            assert not [job for job in load(path)["jobs"].values() if "uses" in job and "concurrency" in job], path.name


def test_every_job_has_a_time_limit() -> None:
    assert [f"{name} {key}" for name, key, job in jobs() if "uses" not in job and "timeout-minutes" not in job] == []


def test_every_action_is_pinned_as_the_table_says() -> None:
    expected = {f"{name}@{commit}": version for name, (version, commit) in PINS.items()}
    seen = set()
    for path in FILES:
        lines = path.read_text(encoding="utf-8").splitlines()
        # A comment is no part of what YAML gives, so lines and document have to agree on what is used.
        written = [match for line in lines if (match := re.search(r"\buses: (\S+@\S+) # (v[\d.]+)$", line))]
        used = [step["uses"] for job in load(path)["jobs"].values() for step in job.get("steps", []) if "uses" in step]
        assert [match[1] for match in written] == used, path.name
        for match in written:
            assert expected.get(match[1]) == match[2], f"{path.name}: {match[0]}"
        seen |= set(used)
    assert seen == expected.keys()


def test_called_workflows_are_the_repository_s_own() -> None:
    assert {job["uses"] for _, _, job in jobs() if "uses" in job} == {
        "./.github/workflows/release.yml",
        "./.github/workflows/release-pr.yml",
    }


def test_actions_that_are_used_are_allowed() -> None:
    allowed = {
        pattern.partition("@")[0] for settings in stacks() for pattern in settings.repository_wide.actions.patterns
    }
    assert {name for name in PINS if not name.startswith("actions/")} == allowed


def test_inputs_of_actions_are_ones_that_they_have(tmp_path: Path) -> None:
    """Linters know an action by its version, not by a commit."""
    for path in FILES:
        text = re.sub(r"@[0-9a-f]{40} # (v\d+)[\d.]*", r"@\1", path.read_text(encoding="utf-8"))
        (tmp_path / ".github/workflows").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".github/workflows" / path.name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    command = [str(ROOT / ".venv/bin/actionlint"), f"-shellcheck={ROOT / '.venv/bin/shellcheck'}"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_what_others_choose_is_in_no_script() -> None:
    for name, key, job in jobs():
        for step in job.get("steps", []):
            assert "${{" not in step.get("run", ""), f"{name} {key}: a value becomes a part of the script"


def test_what_runs_with_the_base_branch_s_rights_runs_nothing_of_the_pull_request() -> None:
    for path in FILES:
        if "pull_request_target" in load(path)["on"]:
            for job in load(path)["jobs"].values():
                assert not [step for step in job["steps"] if "uses" in step], path.name


def test_no_failure_is_passed_over() -> None:
    for name, key, job in jobs():
        for part in (job, *job.get("steps", [])):
            assert "continue-on-error" not in part, f"{name} {key}"


def test_credentials_of_a_checkout_stay_out_of_the_work_tree() -> None:
    for name, key, job in jobs():
        for step in job.get("steps", []):
            if str(step.get("uses", "")).startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False, f"{name} {key}"


def test_deno_is_the_version_that_releases_use() -> None:
    pinned = re.search(r"^deno==([\d.]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned
    assert f"deno-version: {pinned[1]}\n" in (FOLDER / "pr-checks.yml").read_text(encoding="utf-8")


def test_jobs_run_on_machines_of_github_outside_of_containers() -> None:
    for name, key, job in jobs():
        assert not {"container", "services"} & job.keys(), f"{name} {key}"
        assert "uses" in job or isinstance(job["runs-on"], str), f"{name} {key}"


def test_the_ios_app_is_built_on_a_mac_only_where_it_is_concerned() -> None:
    job = load(FOLDER / "pr-checks.yml")["jobs"]["ios-build"]
    assert find_labels({"jobs": {"ios-build": job}}) == {"macos-15", "ubuntu-latest"}
    labels = {label for path in FILES for label in find_labels(load(path)) if path.name != "pr-checks.yml"}
    assert labels == {"ubuntu-latest"}


@pytest.mark.parametrize("file", ["pull_request_template.md", "release_template.md", "hotfix_template.md"])
def test_templates_ask_for_something(file: str) -> None:
    assert "- [ ]" in (ROOT / ".github" / file).read_text(encoding="utf-8")


def test_who_may_change_the_process_is_named() -> None:
    owners = (ROOT / ".github/CODEOWNERS").read_text(encoding="utf-8")
    assert re.search(r"^/\.github/\s+@\S+/\S+", owners, re.MULTILINE)
