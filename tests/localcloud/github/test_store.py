"""State and refs agree, wherever the process was killed."""

from pathlib import Path
from typing import Any

import pytest

from localcloud.github.git import BareRepository
from localcloud.github.seed import GitHubSeed
from tests.localcloud.github.work_tree import R, clone


class KilledError(BaseException):
    """Stands for the end of the process at this very point."""


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the process end after the state was written and before refs move, until it is started again."""

    def stop(*_: Any) -> None:
        raise KilledError

    def begin() -> Any:
        monkeypatch.setattr(BareRepository, "move", stop)
        return monkeypatch.undo

    return begin


def test_a_merge_that_was_written_is_carried_out_at_the_next_start(
    github: Any, start: Any, seed: GitHubSeed, tmp_path: Path, killed: Any
) -> None:
    github("PATCH", R, {"delete_branch_on_merge": True})
    tree = clone(github.user("bob"), tmp_path / "work")
    tree.git("switch", "--quiet", "--create", "feature")
    head = tree.commit()
    tree.git("push", "--quiet", "origin", "feature")
    github("POST", f"{R}/pulls", {"title": "x", "head": "feature", "base": "main"})
    revive = killed()
    assert github("PUT", f"{R}/pulls/1/merge").status_code == 500
    revive()
    again = start(seed)
    shown = again("GET", f"{R}/pulls/1").json()
    assert shown["merged"] is True
    tip = again("GET", f"{R}/commits/main").json()
    assert (tip["sha"], tip["parents"][1]["sha"]) == (shown["merge_commit_sha"], head)
    assert again("GET", f"{R}/branches/feature").status_code == 404


def test_a_push_that_was_written_is_carried_out_at_the_next_start(
    github: Any, start: Any, seed: GitHubSeed, tmp_path: Path, killed: Any
) -> None:
    tree = clone(github, tmp_path / "work")
    sha = tree.commit()
    revive = killed()
    assert tree.run("push", "origin", "main").returncode != 0
    revive()
    assert start(seed)("GET", f"{R}/git/ref/heads/main").json()["object"]["sha"] == sha


def test_what_was_not_written_has_not_happened(
    github: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: Any
) -> None:
    tree = clone(github, tmp_path / "work")
    before, refs = stored(), github("GET", f"{R}/git/matching-refs/heads").json()
    tree.commit()

    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("localcloud.github.store.write_json", full)
    assert tree.run("push", "origin", "main", "main:feature").returncode != 0
    monkeypatch.undo()
    assert github("GET", f"{R}/git/matching-refs/heads").json() == refs
    assert stored() == before


def test_moves_happen_in_an_order_that_git_can_carry_out(tmp_path: Path) -> None:
    repository = BareRepository(tmp_path / "x.git")
    repository.create(source=None, branch="main")
    sha = repository.sha("main")
    targets = {"refs/heads/main/a": sha, "refs/heads/main": None, "HEAD": "refs/heads/main/a"}
    for _ in range(2):
        repository.move(targets)
        assert repository.refs("refs/") == {"refs/heads/main/a": sha}
        assert repository.sha("HEAD") == sha


def test_a_lock_that_a_killed_git_left_behind_stops_nothing(
    github: Any, start: Any, seed: GitHubSeed, tmp_path: Path
) -> None:
    sha = github("GET", f"{R}/git/ref/heads/main").json()["object"]["sha"]
    repository = tmp_path / "github" / "git" / "mano-app" / "mano.git"
    for name in ("refs/heads/feature.lock", "packed-refs.lock", "HEAD.lock"):
        (repository / name).touch()
    again = start(seed)
    assert again("POST", f"{R}/git/refs", {"ref": "refs/heads/feature", "sha": sha}).status_code == 201
    assert again("PATCH", R, {"default_branch": "feature"}).status_code == 200
    assert again("DELETE", f"{R}/git/refs/heads/main").status_code == 204
