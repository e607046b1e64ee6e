import subprocess
from pathlib import Path
from typing import Any

import pytest

from localcloud.github.seed import GitHubSeed
from tests.localcloud.github.conftest import seeded

ERRORS = "/repos/mano-app/mano/codeowners/errors"
OWNERS = """\
# who reviews what
* @ada
/.github/ @mano-app/core bob @mano-app/none
docs/ @eve someone@example.test
"""


@pytest.fixture
def seed(tmp_path: Path) -> GitHubSeed:
    source = tmp_path / "source"
    (source / ".github/workflows").mkdir(parents=True)
    (source / ".github/CODEOWNERS").write_text(OWNERS, encoding="utf-8")
    (source / ".github/workflows/ci.yml").write_text("name: Checks\non: push\n", encoding="utf-8")
    (source / ".github/workflows/broken.yaml").write_text("name: [\n", encoding="utf-8")
    (source / ".github/workflows/README.md").write_text("no workflow\n", encoding="utf-8")
    named = ("-c", "user.name=Ada", "-c", "user.email=ada@example.test")
    for arguments in (("init", "--quiet"), ("add", "."), (*named, "commit", "--quiet", "--message=First")):
        subprocess.run(["git", *arguments], cwd=source, check=True)
    return seeded(source=source, roles={"eve": "read"})


def test_owners_that_can_not_own_are_named(github: Any) -> None:
    found = [(item["line"], item["kind"], item["source"][item["column"] - 1 :].split()[0]) for item in errors(github)]
    assert found == [
        (3, "Invalid owner", "bob"),
        (3, "Unknown owner", "@mano-app/none"),
        (4, "Unknown owner", "@eve"),
    ]
    github("PUT", "/orgs/mano-app/teams/core/repos/mano-app/mano", {"permission": "pull"})
    assert (3, 11) in {(item["line"], item["column"]) for item in errors(github)}
    assert github("GET", f"{ERRORS}?ref=absent").status_code == 404


def errors(github: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = github("GET", ERRORS).json()["errors"]
    return found


def test_workflows_are_the_files_of_the_default_branch(github: Any) -> None:
    path = "/repos/mano-app/mano/actions/workflows"
    listed = github("GET", path).json()
    assert [(item["path"], item["name"]) for item in listed["workflows"]] == [
        (".github/workflows/broken.yaml", ".github/workflows/broken.yaml"),
        (".github/workflows/ci.yml", "Checks"),
    ]
    assert github("GET", path).json() == listed
    number = listed["workflows"][1]["id"]
    assert github("GET", f"{path}/{number}").json() == github("GET", f"{path}/ci.yml").json()
    assert github("GET", f"{path}/none.yml").status_code == 404
