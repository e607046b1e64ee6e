"""The ordinary git client against the local GitHub."""

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.github.work_tree import R, WorkTree, address, clone, protect


@pytest.fixture
def tree(github: Any, tmp_path: Path) -> WorkTree:
    return clone(github, tmp_path / "work")


def test_clone_push_and_fetch_carry_commits_and_tags(github: Any, tree: WorkTree, tmp_path: Path) -> None:
    sha = tree.commit(text="x" * 3_000_000)
    tree.git("tag", "--annotate", "--message", "one", "v1")
    tree.git("push", "--quiet", "origin", "main", "v1")
    assert github("GET", f"{R}/git/ref/heads/main").json()["object"]["sha"] == sha
    other = clone(github.user("bob"), tmp_path / "other")
    assert other.git("rev-parse", "v1^{commit}") == sha
    other.git("push", "--quiet", "origin", "HEAD:refs/heads/feature/one")
    tree.git("fetch", "--quiet", "--prune")
    assert tree.git("rev-parse", "origin/feature/one") == sha
    other.git("push", "--quiet", "origin", ":feature/one")
    assert github("GET", f"{R}/branches/feature/one").status_code == 404


def test_who_is_nobody_here_sees_no_private_repository(github: Any, tmp_path: Path) -> None:
    plain = WorkTree(tmp_path)
    told = [plain.run("ls-remote", url).stderr for url in (
        f"{github.base}/mano-app/mano.git",
        f"http://x-access-token:wrong@{github.host}/mano-app/mano.git",
        address(github.user("stranger")),
        address(github, "mano-app/other"),
    )]  # fmt: skip
    assert "could not read Username" in told[0]
    assert "Authentication failed" in told[1]
    assert "remote: Repository not found." in told[2]
    assert "remote: Repository not found." in told[3]


def test_a_reader_may_fetch_and_not_push(github: Any, tmp_path: Path) -> None:
    github("PATCH", R, {"private": False})
    tree = clone(github.user("stranger"), tmp_path / "work")
    tree.commit()
    told = tree.run("push", "origin", "main")
    assert "remote: Permission to mano-app/mano.git denied to stranger." in told.stderr
    assert tree.run("ls-remote", f"{github.base}/mano-app/mano.git").returncode == 0


def test_a_push_to_a_protected_branch_is_refused_in_github_s_words(github: Any, tree: WorkTree) -> None:
    protect(github, isAdminEnforced=True, requiresApprovingReviews=True, requiresStatusChecks=True,
            requiredStatusCheckContexts=["a", "b"])  # fmt: skip
    before = github("GET", f"{R}/git/ref/heads/main").json()
    tree.commit()
    told = tree.run("push", "origin", "main", "main:feature")
    assert told.returncode != 0
    lines = [line.strip() for line in told.stderr.splitlines() if line.startswith("remote:")]
    assert lines == [
        "remote: error: GH006: Protected branch update failed for refs/heads/main.",
        "remote:",
        "remote: - Changes must be made through a pull request.",
        "remote:",
        "remote: - 2 of 2 required status checks are expected.",
    ]
    assert "! [remote rejected] main -> main (protected branch hook declined)" in told.stderr
    assert "* [new branch]      main -> feature" in told.stderr
    assert github("GET", f"{R}/git/ref/heads/main").json() == before
