from collections.abc import Callable
from typing import Any

import pytest

from components.repository_facts import RepositoryFacts, begin_repository
from settings.stack import Settings
from tests.components.recorder import Answers, Declared, record, rest

Declare = Callable[..., list[Declared]]
PATH = "repos/acme/app"
GITHUB = {
    PATH: {"node_id": "R_1", "private": True},
    "orgs/acme": {"plan": {"name": "enterprise"}},
    f"{PATH}/collaborators": [
        {"login": "Dana", "id": 2, "node_id": "U_2", "permissions": {"push": True, "admin": False}}
    ],
    "orgs/acme/teams/keepers": {"id": 9, "node_id": "T_9"},
    "orgs/acme/teams/keepers/members": [{"login": "Dana"}],
}


@pytest.fixture
def settings() -> Settings:
    return Settings.model_validate(
        {
            "stack": "test",
            "owner": "acme",
            "repository": "app",
            "repositoryOwnerStack": "test",
            "supabase": {"organization": "acme", "project": {"name": "app", "region": "eu-central-1"}},
            "branch": {"name": "main", "protection": {"pushes": {"users": ["dana"], "teams": ["keepers"]}}},
            "environments": {},
        }
    )


@pytest.fixture
def declare(settings: Settings) -> Declare:
    """Run what declares something in a repository; `exists` and `rules` are on GitHub, `known` in the stack's state."""

    def run(
        program: Callable[[RepositoryFacts], object],
        *,
        exists: dict[str, Any] | None = None,
        rules: tuple[str, ...] = (),
        known: tuple[str, ...] = (),
    ) -> list[Declared]:
        answers: Answers = {
            "pulumi:pulumi:readStackResourceOutputs": lambda _: {"outputs": {urn: {} for urn in known}},
            "github:index/getBranchProtectionRules:getBranchProtectionRules": lambda _: {
                "rules": [{"pattern": rule} for rule in rules]
            },
            "github:index/getRestApi:getRestApi": rest(
                GITHUB | {f"{PATH}/{path}": body for path, body in (exists or {}).items()}
            ),
        }
        return record(lambda: program(begin_repository(settings)()), answers)

    return run
