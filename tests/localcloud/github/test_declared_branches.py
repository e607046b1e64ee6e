"""The process's rules, as the stack files declare them, enforced from push to merge."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from estate.branch_ruleset import declare_ruleset
from estate.protection_rule import declare_protection
from localcloud.github.seed import GitHubSeed
from localcloud.github.tokens import GitHubToken
from settings.reading import read_files
from tests.conftest import ROOT
from tests.localcloud.github.work_tree import R, WorkTree, clone, protect, rule

P = f"{R}/pulls"
DECLARED = {stack: read_files(ROOT, stack).branch for stack in ("staging", "production")}
CHECKS = DECLARED["production"].protection.required_checks


@pytest.fixture
def seed() -> GitHubSeed:
    """Give an administrator, an author, and a reviewer who answers for releases."""
    return GitHubSeed(
        tokens=(GitHubToken("ghp_seeded", "ada"),),
        owner="mano-app",
        repository="mano",
        users=("ada", "bob", "cleo"),
        teams={"release-managers": ("cleo",)},
    )


@pytest.fixture
def tree(github: Any, tmp_path: Path) -> WorkTree:
    """Give the author a clone of a repository that both stacks have set up."""
    github("PATCH", R, {"allow_forking": True})
    tree = clone(github.user("bob"), tmp_path / "work")
    tree.commit(".github/CODEOWNERS", (ROOT / ".github" / "CODEOWNERS").read_text(encoding="utf-8"))
    tree.git("push", "--quiet", "origin", "main", "main:staging", "main:feature/x")
    for branch in DECLARED.values():
        wanted = {_camel(name): value for name, value in asdict(declare_protection(branch)).items()}
        assert not wanted.pop("pushAllowances")
        protect(github, requiresApprovingReviews=True, requiresStatusChecks=True, **wanted)
        ruleset = declare_ruleset(branch)
        checks = [{"context": name, "integration_id": ruleset.app} for name in ruleset.checks]
        reviews = {
            "allowed_merge_methods": ruleset.merge_methods,
            "required_approving_review_count": ruleset.reviews,
            "dismiss_stale_reviews_on_push": ruleset.dismisses_stale_reviews,
            "require_code_owner_review": ruleset.requires_code_owner_reviews,
            "require_last_push_approval": ruleset.require_last_push_approval,
            "required_review_thread_resolution": ruleset.requires_conversation_resolution,
        }
        strict = {"strict_required_status_checks_policy": ruleset.strict, "required_status_checks": checks}
        rule(
            github,
            {"type": "pull_request", "parameters": reviews},
            {"type": "required_status_checks", "parameters": strict},
            name=ruleset.name,
            conditions={"ref_name": {"include": [ruleset.ref], "exclude": []}},
        )
    return tree


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda part: part[1].upper(), name)


def propose(github: Any, head: str, base: str) -> str:
    opened = github.user("bob")("POST", P, {"title": head, "head": head, "base": base})
    assert opened.status_code == 201, opened.text
    return f"{P}/{opened.json()['number']}"


def pass_checks(github: Any, path: str, *names: str) -> None:
    sha = github("GET", path).json()["head"]["sha"]
    for name in names:
        run = {"name": name, "head_sha": sha, "conclusion": "success"}
        assert github.app("github-actions")("POST", f"{R}/check-runs", run).status_code == 201


def approve(github: Any, path: str) -> None:
    assert github.user("cleo")("POST", f"{path}/reviews", {"event": "APPROVE"}).status_code == 200


def merge(who: Any, path: str, method: str = "merge") -> tuple[int, str]:
    answer = who("PUT", f"{path}/merge", {"merge_method": method})
    return answer.status_code, answer.json()["message"].removeprefix("Repository rule violations found").strip()


def commit(tree: WorkTree, branch: str, path: str = "backend/x") -> None:
    tree.git("switch", "--quiet", "--force-create", branch, f"origin/{branch}")
    tree.commit(path, branch)


def test_nobody_pushes_to_a_released_branch_or_removes_it(github: Any, tree: WorkTree) -> None:
    own = f"http://x:{github.token}@{github.host}/mano-app/mano.git"
    for branch in ("main", "staging"):
        commit(tree, branch)
        for address in (own, "origin"):
            told = tree.run("push", address, branch).stderr
            assert f"remote: error: GH013: Repository rule violations found for refs/heads/{branch}." in told
            assert "remote: - Changes must be made through a pull request." in told
            assert "Cannot force-push to this branch" in tree.run("push", "--force", address, f"HEAD~2:{branch}").stderr
    assert "Cannot delete this branch" in tree.run("push", own, ":staging").stderr


def test_a_release_needs_its_checks_and_its_review(github: Any, tree: WorkTree) -> None:
    commit(tree, "feature/x")
    tree.git("push", "--quiet", "origin", "feature/x")
    feature = propose(github, "feature/x", "staging")
    pass_checks(github, feature, *DECLARED["staging"].protection.required_checks)
    approve(github, feature)
    assert merge(github.user("bob"), feature, "squash")[0] == 200
    path = propose(github, "staging", "main")
    pass_checks(github, path, *CHECKS)
    status, message = merge(github, path)
    assert (status, message.splitlines()[0]) == (
        405,
        "At least 1 approving review is required by reviewers with write access.",
    )
    approve(github, path)
    assert merge(github, path, "squash") == (405, "Squash merges are not allowed on this repository.")
    assert merge(github.user("bob"), path)[1].startswith("You're not authorized to push to this branch.")
    assert merge(github, path) == (200, "Pull Request successfully merged")


@pytest.mark.parametrize("foreign", ["feature/x", "bob:staging"])
def test_only_staging_is_released(github: Any, tree: WorkTree, foreign: str) -> None:
    """Every check passes but the one that looks at the head, and that one is reported by somebody else."""
    branch = foreign.rpartition(":")[2]
    commit(tree, branch)
    remote = "origin"
    if foreign.startswith("bob:"):
        github.user("bob")("POST", f"{R}/forks", {})
        remote = f"http://x:{github.user('bob').token}@{github.host}/bob/mano.git"
    tree.git("push", "--quiet", remote, branch)
    path = propose(github, foreign, "main")
    approve(github, path)
    pass_checks(github, path, *(name for name in CHECKS if name != "release-source"))
    assert merge(github, path) == (405, 'Required status check "release-source" is expected.')
    sha = github("GET", path).json()["head"]["sha"]
    github.user("bob")("POST", f"{R}/statuses/{sha}", {"state": "success", "context": "release-source"})
    assert merge(github, path) == (
        405,
        'Required status check "release-source" was not set by the expected GitHub app.',
    )
    assert github("GET", path).json()["mergeable_state"] == "blocked"


def test_a_workflow_changes_with_its_owners_consent_only(github: Any, tree: WorkTree) -> None:
    commit(tree, "feature/x", ".github/workflows/release.yml")
    tree.git("push", "--quiet", "origin", "feature/x")
    path = propose(github, "feature/x", "main")
    pass_checks(github, path, *CHECKS)
    github("POST", f"{path}/reviews", {"event": "APPROVE"})
    assert merge(github, path) == (405, "Waiting on code owner review from mano-app/release-managers.")
    approve(github, path)
    assert merge(github, path)[0] == 200
