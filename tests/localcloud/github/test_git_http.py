"""The ordinary git client against the local GitHub."""

import gzip
import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.localcloud.github.work_tree import R, WorkTree, address, clone, protect, rule


@pytest.fixture
def tree(github: Any, tmp_path: Path) -> WorkTree:
    return clone(github, tmp_path / "work")


def test_clone_push_and_fetch_carry_commits_and_tags(github: Any, tree: WorkTree, tmp_path: Path) -> None:
    sha = tree.commit(text=secrets.token_hex(1_500_000))  # more than the client sends at once
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


def test_a_compressed_request_is_understood(github: Any) -> None:
    asked = gzip.compress(b"0014command=ls-refs\n0000")
    headers = {"Authorization": f"Bearer {github.token}", "Git-Protocol": "version=2", "Content-Encoding": "gzip",
               "Content-Type": "application/x-git-upload-pack-request"}  # fmt: skip
    answer = httpx.post(f"{github.base}/mano-app/mano/git-upload-pack", content=asked, headers=headers, trust_env=False)
    assert answer.status_code == 200
    assert b" refs/heads/main\n" in answer.content


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


def refused(tree: WorkTree, *arguments: str) -> list[str]:
    """Push in vain; give what GitHub wrote about it, and the client's lines on the refs."""
    told = tree.run("push", *arguments)
    assert told.returncode != 0
    lines = [line.strip() for line in told.stderr.splitlines() if line.startswith(("remote: -", " ! "))]
    return [line.removeprefix("remote: ") for line in lines]


DECLINED = "! [remote rejected] main -> main (protected branch hook declined)"
VIOLATION = "! [remote rejected] main -> main (push declined due to repository rule violations)"


@pytest.fixture
def bob(github: Any, tmp_path: Path) -> WorkTree:
    """What a member without administration works in, with a commit that main has and one that it lacks."""
    tree = clone(github.user("bob"), tmp_path / "bob")
    tree.commit("old")
    tree.git("push", "--quiet", "origin", "main")
    tree.commit("new")
    return tree


@pytest.mark.parametrize(
    ("wanted", "arguments", "sentence"),
    [
        ({"restrictsPushes": True}, ["main"], "You're not authorized to push to this branch. Visit"),
        ({"lockBranch": True}, ["main"], "Cannot change this locked branch"),
        ({}, ["--force", "HEAD~2:main"], "Cannot force-push to this branch"),
        ({"pattern": "rele*"}, [":release"], "Cannot delete this branch"),
        (
            {"pattern": "new/**/*", "restrictsPushes": True, "blocksCreations": True},
            ["main:refs/heads/new/a/b"],
            "You're not authorized to push to this branch. Visit",
        ),
        ({"requiresCommitSignatures": True}, ["main"], "Commits must have verified signatures."),
    ],
)
def test_what_a_protection_rule_refuses(
    github: Any, bob: WorkTree, wanted: dict[str, Any], arguments: list[str], sentence: str
) -> None:
    bob.git("push", "--quiet", "origin", "main~1:refs/heads/release")
    before = github("GET", f"{R}/git/matching-refs/heads").json()
    protect(github, **wanted)
    told = refused(bob, "origin", *arguments)
    assert told[0].startswith(f"- {sentence}")
    assert told[1].endswith("(protected branch hook declined)")
    assert github("GET", f"{R}/git/matching-refs/heads").json() == before


@pytest.mark.parametrize(
    ("kind", "arguments", "sentence"),
    [
        ("update", ["main"], "Cannot update this protected ref."),
        ("non_fast_forward", ["--force", "HEAD~2:main"], "Cannot force-push to this branch"),
        ("pull_request", ["main"], "Changes must be made through a pull request."),
        ("creation", ["main:refs/heads/release/1"], "Cannot create ref due to creations being restricted."),
        ("deletion", [":release/0"], "Cannot delete this branch"),
        ("required_linear_history", ["merged:main"], "This branch must not contain merge commits."),
        ("workflows", ["main"], "The rule workflows is not implemented by the local cloud"),
    ],
)
def test_what_a_ruleset_refuses(github: Any, bob: WorkTree, kind: str, arguments: list[str], sentence: str) -> None:
    bob.git("push", "--quiet", "origin", "main~1:refs/heads/release/0")
    bob.git("switch", "--quiet", "--create", "merged", "main~1")
    bob.git("merge", "--quiet", "--no-ff", "--no-edit", "main")
    conditions = {"ref_name": {"include": ["~DEFAULT_BRANCH", "refs/heads/release/*"], "exclude": []}}
    rule(github, {"type": kind}, conditions=conditions)
    told = bob.run("push", "origin", *arguments).stderr
    assert "remote: error: GH013: Repository rule violations found for refs/heads/" in told
    assert f"remote: - {sentence}" in told
    assert "(push declined due to repository rule violations)" in told
    bob.git("push", "--quiet", "origin", "main:feature")


@pytest.mark.parametrize(
    "more",
    [
        {"enforcement": "disabled"},
        {"enforcement": "evaluate"},
        {"conditions": {"ref_name": {"include": ["~ALL"], "exclude": ["refs/heads/ma?n"]}}},
        {"bypass_actors": [{"actor_id": 4, "actor_type": "RepositoryRole", "bypass_mode": "always"}]},
        {"target": "tag"},
    ],
)
def test_a_ruleset_that_does_not_bind(github: Any, bob: WorkTree, more: dict[str, Any]) -> None:
    rule(github, {"type": "pull_request"}, **more)
    bob.git("push", "--quiet", "origin", "main")


def test_who_bypasses_a_rule_is_told_so(github: Any, bob: WorkTree) -> None:
    protect(github, requiresApprovingReviews=True)
    assert refused(bob, "origin", "main") == ["- Changes must be made through a pull request.", DECLINED]
    told = bob.run("push", address(github), "main").stderr
    assert "remote: Bypassed rule violations for refs/heads/main:" in told
    assert "remote: - Changes must be made through a pull request." in told
    assert "Cannot force-push to this branch" in refused(bob, "--force", address(github), "HEAD~1:main")[0]


def test_who_is_allowed_pushes_to_a_restricted_branch(github: Any, bob: WorkTree) -> None:
    actor = github("GET", "/users/bob").json()["node_id"]
    protect(github, isAdminEnforced=True, restrictsPushes=True, pushActorIds=[actor])
    bob.git("push", "--quiet", "origin", "main")


def test_a_commit_whose_checks_have_passed_is_pushed(github: Any, bob: WorkTree) -> None:
    checks = {"required_status_checks": [{"context": "tests", "integration_id": 15368}]}
    rule(github, {"type": "required_status_checks", "parameters": checks})
    assert refused(bob, "origin", "main") == ['- Required status check "tests" is expected.', VIOLATION]
    bob.git("push", "--quiet", "origin", "main:feature")
    run = {"name": "tests", "head_sha": bob.git("rev-parse", "HEAD"), "conclusion": "success"}
    github.app("github-actions")("POST", f"{R}/check-runs", run)
    bob.git("push", "--quiet", "origin", "main")


def test_an_atomic_push_is_carried_out_whole_or_not_at_all(github: Any, bob: WorkTree) -> None:
    protect(github, isAdminEnforced=True, lockBranch=True)
    told = bob.run("push", "--atomic", "origin", "main", "main:feature").stderr
    assert DECLINED in told
    assert github("GET", f"{R}/branches/feature").status_code == 404
    bob.git("push", "--quiet", "--atomic", "origin", "main:one", "main:two")
    assert len(github("GET", f"{R}/branches").json()) == 3


def test_the_default_branch_stays(bob: WorkTree) -> None:
    told = refused(bob, "origin", ":main")
    assert told == ["! [remote rejected] main (refusing to delete the current branch: refs/heads/main)"]


def test_names_that_exclude_each_other_are_refused_in_one_push(github: Any, bob: WorkTree) -> None:
    for options, kept in ((["--atomic"], 404), ([], 200)):
        told = refused(bob, *options, "origin", "main:a", "main:a/b")
        assert told[-1] == "! [remote rejected] main -> a/b (failed to update ref)"
        assert github("GET", f"{R}/branches/a").status_code == kept


def test_the_api_keeps_to_the_same_rules(github: Any, bob: WorkTree) -> None:
    bob.git("push", "--quiet", "origin", "main:feature")
    sha = bob.git("rev-parse", "HEAD")
    rule(
        github,
        {"type": "pull_request"},
        {"type": "deletion"},
        conditions={"ref_name": {"include": ["~ALL"], "exclude": []}},
    )
    rule(
        github, {"type": "creation"}, name="new", conditions={"ref_name": {"include": ["refs/heads/x"], "exclude": []}}
    )
    one = "Repository rule violations found\n\n{}\n\n"
    for method, path, body, sentence in (
        ("PATCH", "/git/refs/heads/main", {"sha": sha}, "Changes must be made through a pull request."),
        ("DELETE", "/git/refs/heads/feature", None, "Cannot delete this branch"),
        (
            "POST",
            "/git/refs",
            {"ref": "refs/heads/x", "sha": sha},
            "Cannot create ref due to creations being restricted.",
        ),
        ("POST", "/branches/feature/rename", {"new_name": "x"}, "Cannot create ref due to creations being restricted."),
        ("POST", "/merges", {"base": "main", "head": "feature"}, "Changes must be made through a pull request."),
    ):
        answer = github(method, R + path, body)
        assert (answer.status_code, answer.json()["message"]) == (422, one.format(sentence))
    assert github.user("bob")("POST", f"{R}/branches/feature/rename", {"new_name": "y"}).status_code == 403
