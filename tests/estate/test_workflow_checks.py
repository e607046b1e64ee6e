from pathlib import Path

import pytest

from estate.workflow_checks import read_reported_checks

TESTS = """
on:
  pull_request:
    branches: [main]
jobs:
  backend-tests: {runs-on: ubuntu-latest, steps: []}
  ios: {name: ios-build, runs-on: macos-15, steps: []}
  grid: {name: "grid ${{ matrix.os }}", runs-on: ubuntu-latest, steps: []}
  called: {uses: ./.github/workflows/other.yml}
"""


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    return folder


def test_jobs_report_under_their_names(workflows: Path, tmp_path: Path) -> None:
    (workflows / "tests.yml").write_text(TESTS, encoding="utf-8")
    assert read_reported_checks(tmp_path) == frozenset({"backend-tests", "ios-build"})


@pytest.mark.parametrize("events", ["push", "[push, schedule]", "{workflow_dispatch: {}}"])
def test_a_workflow_that_no_pull_request_starts_reports_nothing(workflows: Path, tmp_path: Path, events: str) -> None:
    (workflows / "deploy.yaml").write_text(f"on: {events}\njobs: {{deploy: {{steps: []}}}}\n", encoding="utf-8")
    assert read_reported_checks(tmp_path) == frozenset()


def test_a_project_without_workflows_is_told_apart(tmp_path: Path) -> None:
    assert read_reported_checks(tmp_path) is None


def test_a_broken_workflow_is_named(workflows: Path, tmp_path: Path) -> None:
    (workflows / "tests.yml").write_text("on: [", encoding="utf-8")
    with pytest.raises(ValueError, match=r"\.github/workflows/tests\.yml is no YAML"):
        read_reported_checks(tmp_path)
