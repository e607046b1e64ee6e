import subprocess
from pathlib import Path
from typing import Any

import pytest

from localcloud.github.git import BareRepository
from localcloud.github.seed import GitHubSeed
from localcloud.github.tokens import GitHubToken

TOKENS = (GitHubToken("ghp_seeded", "ada"),)
R = "/repos/mano-app/mano"
PROTECT = (
    "mutation($input: CreateBranchProtectionRuleInput!)"
    "{createBranchProtectionRule(input: $input){branchProtectionRule{id}}}"
)


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@users.noreply.github.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "file").write_text(text, encoding="utf-8")
    git(folder, "add", "file")
    git(folder, "commit", "--quiet", "--message", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=work")
    commit(folder, "first")
    commit(folder, "second")
    return folder


def main_of(github: Any) -> str:
    sha: str = github("GET", f"{R}/git/ref/heads/main").json()["object"]["sha"]
    return sha


def test_the_source_s_head_becomes_main(start: Any, source: Path) -> None:
    seed = GitHubSeed(tokens=TOKENS, owner="mano-app", repository="mano", source=source, users=("ada",))
    github = start(seed)
    assert main_of(github) == git(source, "rev-parse", "HEAD")
    assert [branch["name"] for branch in github("GET", f"{R}/branches").json()] == ["main"]
    head = github("GET", f"{R}/commits/main").json()
    assert (head["commit"]["message"], head["author"]["login"]) == ("second", "ada")
    assert head["parents"][0]["sha"] == git(source, "rev-parse", "HEAD~1")


def test_the_user_s_git_configuration_has_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_text("[init]\n\tdefaultObjectFormat = sha256\n[user]\n\tname = Someone\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(foreign))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    repository = BareRepository(tmp_path / "bare.git")
    repository.create(source=None, branch="main")
    first = repository.commit("main")
    assert first is not None
    assert (len(first.sha), first.author.name, first.message) == (40, "GitHub", "Initial commit")


def test_a_folder_without_a_commit_gives_one_empty_commit(tmp_path: Path) -> None:
    repository = BareRepository(tmp_path / "bare.git")
    repository.create(source=tmp_path, branch="trunk")
    assert list(repository.refs("refs/")) == ["refs/heads/trunk"]


def test_an_existing_ref_is_refused_in_the_words_that_the_plugin_knows(github: Any) -> None:
    wanted = {"ref": "refs/heads/staging", "sha": main_of(github)}
    assert github("POST", f"{R}/git/refs", wanted).status_code == 201
    refused = github("POST", f"{R}/git/refs", wanted)
    assert refused.status_code == 422
    assert refused.json()["message"] == "Reference already exists"
    assert "errors" not in refused.json()


def test_a_ref_needs_a_name_and_a_commit(github: Any) -> None:
    sha = main_of(github)
    wrong = [("heads/x", sha), ("refs/heads/a..b", sha), ("refs/heads/x", "0" * 40), ("refs/heads/x", "main")]
    for ref, target in wrong:
        assert github("POST", f"{R}/git/refs", {"ref": ref, "sha": target}).status_code == 422


def test_a_ref_moves_forward_unless_forced(start: Any, source: Path) -> None:
    seed = GitHubSeed(tokens=TOKENS, owner="mano-app", repository="mano", source=source, users=("ada",))
    github = start(seed)
    older = git(source, "rev-parse", "HEAD~1")
    refused = github("PATCH", f"{R}/git/refs/heads/main", {"sha": older})
    assert (refused.status_code, refused.json()["message"]) == (422, "Update is not a fast forward")
    assert github("PATCH", f"{R}/git/refs/heads/main", {"sha": older, "force": True}).status_code == 200
    assert main_of(github) == older


def test_the_default_branch_and_protected_branches_cannot_be_deleted(github: Any) -> None:
    github("POST", f"{R}/git/refs", {"ref": "refs/heads/release/1", "sha": main_of(github)})
    repository = github("GET", R).json()["node_id"]
    github.query(PROTECT, input={"repositoryId": repository, "pattern": "release/*"})
    for branch in ("main", "release/1"):
        assert github("DELETE", f"{R}/git/refs/heads/{branch}").status_code == 422
        assert github("GET", f"{R}/git/ref/heads/{branch}").status_code == 200


def test_a_renamed_branch_takes_default_and_protection_along(github: Any) -> None:
    repository = github("GET", R).json()["node_id"]
    github.query(PROTECT, input={"repositoryId": repository, "pattern": "main"})
    github("POST", f"{R}/branches/main/rename", {"new_name": "trunk"})
    assert github("GET", R).json()["default_branch"] == "trunk"
    assert github("GET", f"{R}/branches/main").status_code == 404
    assert github("GET", f"{R}/branches/trunk/protection").status_code == 200
