from collections.abc import Callable

import pytest

from estate.token_reach import find_reached_projects
from settings.stack import Settings

Declare = Callable[..., Settings]
REF = "abcdefghijklmnopqrst"
OTHERS = {
    "production": {"organization": "acme", "project": {"name": "app", "region": "eu-central-1", "ref": REF}},
    "demo": {"organization": "acme", "project": {"name": "demo", "region": "eu-central-1"}},
}


def test_a_token_that_reaches_an_adopted_project_is_refused(declare: Declare) -> None:
    (problem,) = find_reached_projects(declare(stack="staging", others=OTHERS), lambda ref: ref == REF)
    assert f"can also reach {REF}, the project of stack production" in problem
    assert "Remedy: " in problem


def test_a_token_of_its_own_is_fine(declare: Declare) -> None:
    assert list(find_reached_projects(declare(stack="staging", others=OTHERS), lambda _: False)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"waivers": {"tokenReachesProduction": "one organisation for now"}},
        {"supabase": {"organization": "acme", "project": {"name": "x", "region": "eu-west-1", "ref": "z" * 20}}},
    ],
)
def test_who_waives_it_or_is_production_is_not_asked(declare: Declare, changes: dict[str, object]) -> None:
    def reaches(ref: str) -> bool:
        raise AssertionError(ref)

    assert list(find_reached_projects(declare(others=OTHERS, **changes), reaches)) == []
