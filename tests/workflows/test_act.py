"""The harness itself: what it reports of runs that succeed, fail, or can't be made."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.workflows.act import Act, Outcome, find_labels

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"


@pytest.fixture
def act(tmp_path: Path) -> Act:
    source = tmp_path / "source"
    source.mkdir()
    (source / "hello.txt").write_text("hello from the repository\n")
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["-c", "user.name=ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "--message", "first"],
    ):
        subprocess.run(["git", *command], cwd=source, check=True)
    path = os.pathsep.join([str(ROOT / ".venv/bin"), "/usr/local/bin", "/usr/bin", "/bin"])
    return Act(source, tmp_path / "place", path, {"SHOWN": "a variable"})


def run(act: Act, jobs: str, **options: dict[str, str]) -> Outcome:
    workflow = act.place / "repository/.github/workflows/sample.yml"
    workflow.parent.mkdir(parents=True, exist_ok=True)
    workflow.write_text(f"name: sample\non: push\njobs:\n{jobs}", encoding="utf-8")
    return act.run(workflow, "push", {}, ref="origin/main", **options)  # type: ignore[arg-type]


def test_steps_run_on_a_checkout_with_their_variables_and_masked_secrets(
    act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_HOST", "must not be seen")
    done = run(
        act,
        f"""  one:
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
      - env:
          TOKEN: ${{{{ secrets.TOKEN }}}}
        run: |
          cat hello.txt
          echo "$SHOWN, ${{{{ vars.WHERE }}}}, token $TOKEN, host [$OF_THE_HOST]"
  two:
    needs: one
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    steps:
      - run: "true"
""",
        secrets={"TOKEN": "a-seeded-secret"},
        configured={"WHERE": "a place"},
    )
    assert (done.code, done.jobs) == (0, {"one": "success", "two": "skipped"}), done.text
    assert "hello from the repository" in done.text
    assert "a variable, a place, token ***, host []" in done.text
    assert "a-seeded-secret" not in done.text
    assert done.log == ("checkout ref= persist-credentials=true",)


def test_a_failing_step_fails_job_and_run(act: Act) -> None:
    done = run(act, "  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: exit 3\n")
    assert (done.code, done.jobs) == (1, {"one": "failure"})


def test_an_action_without_a_stand_in_is_an_error(act: Act) -> None:
    with pytest.raises(AssertionError, match="some/action has no stand-in"):
        run(act, f"  one:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: some/action@{'a' * 40}\n")


def test_labels_within_expressions_are_found() -> None:
    jobs = {"a": {"runs-on": "${{ x == 'true' && 'macos-15' || 'ubuntu-latest' }}"}, "b": {"runs-on": "ubuntu-24.04"}}
    assert find_labels({"jobs": jobs}) == {"macos-15", "ubuntu-latest", "ubuntu-24.04"}
