from pathlib import Path

import pytest

from estate.code_owners import read_workflow_owners
from settings.branch import ProtectionSettings
from settings.model import Principals

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("place", [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"])
def test_the_last_line_that_matches_counts(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "* @acme/all\n/.github/ @acme/keepers @ada  # who answers\n/docs/ @acme/writers\n", encoding="utf-8"
    )
    assert read_workflow_owners(tmp_path) == ("@acme/keepers", "@ada")


def test_nobody_without_a_file_or_a_line(tmp_path: Path) -> None:
    assert read_workflow_owners(tmp_path) == ()
    (tmp_path / "CODEOWNERS").write_text("/docs/ @acme/writers\n", encoding="utf-8")
    assert read_workflow_owners(tmp_path) == ()


def test_this_projects_workflows_have_an_owner() -> None:
    assert read_workflow_owners(ROOT)


def test_protection_asks_for_code_owners_unless_told_otherwise() -> None:
    assert ProtectionSettings().reviews.require_code_owners
    assert not Principals()
