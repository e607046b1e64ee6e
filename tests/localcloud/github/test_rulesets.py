from typing import Any

import pytest

R = "/repos/mano-app/mano/rulesets"
GOOD: dict[str, Any] = {"name": "source", "enforcement": "active", "rules": [{"type": "deletion"}]}


def test_what_is_not_given_stays(github: Any) -> None:
    number = github("POST", R, GOOD).json()["id"]
    github("PUT", f"{R}/{number}", {"enforcement": "disabled"})
    shown = github("GET", f"{R}/{number}").json()
    assert (shown["enforcement"], shown["rules"], shown["source"]) == ("disabled", GOOD["rules"], "mano-app/mano")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "Name must be unique"),
        ({"name": "x", "rules": [{"type": "nonsense"}]}, "Invalid rule 'nonsense': "),
        ({"name": "x", "enforcement": "maybe"}, "Enforcement is not included in the list"),
        ({"name": "x", "target": "commit"}, "Target is not included in the list"),
    ],
)
def test_a_ruleset_that_github_does_not_take(github: Any, wrong: dict[str, Any], sentence: str) -> None:
    github("POST", R, GOOD)
    refused = github("POST", R, GOOD | wrong)
    assert (refused.status_code, refused.json()["errors"]) == (422, [sentence])
    assert len(github("GET", R).json()) == 1
