"""The ordinary git client against the local GitHub."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

R = "/repos/mano-app/mano"
PROTECT = (
    "mutation($input: CreateBranchProtectionRuleInput!)"
    "{createBranchProtectionRule(input: $input){branchProtectionRule{id}}}"
)


class WorkTree:
    """A clone in a folder, driven by the git command as its user would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder.parent),
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            **{f"GIT_{role}_{field}": text for role in ("AUTHOR", "COMMITTER") for field, text in _PERSON.items()},
        }

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
        )

    def git(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, path: str = "file", text: str = "text") -> str:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")
        self.git("add", path)
        self.git("commit", "--quiet", "--message", f"Change {path}")
        return self.git("rev-parse", "HEAD")


_PERSON = {"NAME": "Ada", "EMAIL": "ada@users.noreply.github.com"}


def clone(github: Any, folder: Path, repository: str = "mano-app/mano") -> WorkTree:
    folder.mkdir()
    tree = WorkTree(folder)
    tree.git("clone", "--quiet", address(github, repository), ".")
    return tree


def address(github: Any, repository: str = "mano-app/mano") -> str:
    return f"http://x-access-token:{github.token}@{github.host}/{repository}.git"


def protect(github: Any, pattern: str = "main", **wanted: Any) -> None:
    repository = github("GET", R).json()["node_id"]
    made = github.query(PROTECT, input={"repositoryId": repository, "pattern": pattern, **wanted})
    assert "errors" not in made, made


def rule(github: Any, *rules: Any, **more: Any) -> None:
    ruleset = {
        "name": "rules",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": rules,
        **more,
    }
    assert github("POST", f"{R}/rulesets", ruleset).status_code == 201


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
