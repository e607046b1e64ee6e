"""Pull requests from a push to the merge, and what GitHub refuses on the way."""

from pathlib import Path
from typing import Any

import pytest

from localcloud.github.seed import GitHubSeed
from localcloud.github.tokens import GitHubToken
from tests.localcloud.github.work_tree import R, WorkTree, clone

P = f"{R}/pulls"
ACTIONS = {"context": "release-source", "integration_id": 15368}


@pytest.fixture
def seed() -> GitHubSeed:
    return GitHubSeed(
        tokens=(GitHubToken("ghp_seeded", "ada"),),
        owner="mano-app",
        repository="mano",
        users=("ada", "bob", "cleo"),
        teams={"core": ("cleo",)},
    )


@pytest.fixture
def tree(github: Any, tmp_path: Path) -> WorkTree:
    """What bob works in."""
    return clone(github.user("bob"), tmp_path / "work")


def propose(github: Any, tree: WorkTree, branch: str = "feature", base: str = "main", **files: str) -> str:
    """Push a commit to a new branch as bob, and open a pull request; give its path."""
    tree.git("switch", "--quiet", "--create", branch, f"origin/{base}")
    for path, text in (files or {branch: "text"}).items():
        tree.commit(path, text)
    tree.git("push", "--quiet", "origin", branch)
    wanted = {"title": f"Add {branch}", "head": branch, "base": base, "body": "Why"}
    opened = github.user("bob")("POST", P, wanted)
    assert opened.status_code == 201, opened.text
    return f"{P}/{opened.json()['number']}"


def approve(github: Any, path: str, login: str = "cleo") -> Any:
    return github.user(login)("POST", f"{path}/reviews", {"event": "APPROVE"})


def merge(github: Any, path: str, **how: Any) -> tuple[int, str]:
    answer = github("PUT", f"{path}/merge", how)
    return answer.status_code, answer.json()["message"]


def report(github: Any, sha: str, name: str, conclusion: str = "success", app: str = "github-actions") -> None:
    run = {"name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion}
    assert github.app(app)("POST", f"{R}/check-runs", run).status_code == 201


def head_of(github: Any, path: str) -> str:
    sha: str = github("GET", path).json()["head"]["sha"]
    return sha


def test_a_merge_is_a_real_commit_with_github_s_message(github: Any, tree: WorkTree) -> None:
    path = propose(github, tree)
    shown = github("GET", path).json()
    assert (shown["mergeable"], shown["mergeable_state"], shown["commits"], shown["changed_files"]) == (
        True,
        "clean",
        1,
        1,
    )
    merged = github("PUT", f"{path}/merge").json()
    tree.git("fetch", "--quiet")
    assert tree.git("rev-parse", "origin/main") == merged["sha"]
    assert tree.git("show", "--no-patch", "--format=%an|%cn|%B", "origin/main").strip() == (
        "ada|GitHub|Merge pull request #1 from mano-app/feature\n\nAdd feature"
    )
    assert tree.git("rev-parse", "origin/main^2") == shown["head"]["sha"]
    assert github("GET", f"{path}/merge").status_code == 204
    assert github("GET", path).json()["merged_by"]["login"] == "ada"
