"""A clone that the ordinary git command drives, and the rules that it meets."""

import os
import subprocess
from pathlib import Path
from typing import Any

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


# What the parameters of these rules must say, and say here where a test does not.
_PARAMETERS: dict[str, dict[str, Any]] = {
    "pull_request": {
        "dismiss_stale_reviews_on_push": False,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_approving_review_count": 0,
        "required_review_thread_resolution": False,
    },
    "required_status_checks": {"required_status_checks": [], "strict_required_status_checks_policy": False},
}


def rule(github: Any, *wanted: Any, **more: Any) -> None:
    rules = [
        item | ({"parameters": _PARAMETERS[item["type"]] | item["parameters"]} if "parameters" in item else {})
        for item in wanted
    ]
    ruleset = {
        "name": "rules",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": rules,
        **more,
    }
    assert github("POST", f"{R}/rulesets", ruleset).status_code == 201
