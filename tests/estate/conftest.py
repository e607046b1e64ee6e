from collections.abc import Callable
from typing import Any

import pytest

from estate.people import People, Person, Team
from settings.stack import Settings

Declare = Callable[..., Settings]


@pytest.fixture
def declare() -> Declare:
    """Give settings as a stack file would, with parts of it changed by keyword."""

    def make(**changes: Any) -> Settings:
        document = {
            "stack": "production",
            "owner": "acme",
            "repository": "app",
            "repositoryOwnerStack": "production",
            "githubPlan": "enterprise",
            "supabase": {"organization": "acme", "project": {"name": "app", "region": "eu-central-1"}},
            "branch": {"name": "main"},
            "environments": {},
        }
        return Settings.model_validate(document | changes)

    return make


@pytest.fixture
def people() -> People:
    """Give an administrator, two writers, a reader, and a team of the two writers."""

    def person(number: int, *, writes: bool = True, administers: bool = False) -> Person:
        return Person(number=number, node_id=f"U_{number}", writes=writes, administers=administers)

    return People(
        persons={
            "ada": person(1, administers=True),
            "dana": person(2),
            "lee": person(3),
            "rea": person(4, writes=False),
        },
        teams={
            "keepers": Team(number=9, node_id="T_9", members=frozenset({"dana", "lee"})),
            "empty": Team(number=10, node_id="T_10", members=frozenset()),
        },
    )
