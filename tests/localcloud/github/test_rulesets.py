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
        (
            {"name": "x", "bypass_actors": [{"actor_type": "Team", "actor_id": 7}]},
            "Actor Team must be part of the ruleset source or owner organization",
        ),
        (
            {"name": "x", "bypass_actors": [{"actor_type": "Integration", "actor_id": 7}]},
            "Actor Integration must be part of the ruleset source or owner organization",
        ),
        (
            {"name": "x", "bypass_actors": [{"actor_type": "RepositoryRole", "actor_id": 1}]},
            "Actor RepositoryRole must be part of the ruleset source or owner organization",
        ),
        (
            {"name": "x", "bypass_actors": [{"actor_type": "OrganizationAdmin", "bypass_mode": "sometimes"}]},
            "Bypass mode is not included in the list",
        ),
    ],
)
def test_a_ruleset_that_github_does_not_take(github: Any, wrong: dict[str, Any], sentence: str) -> None:
    github("POST", R, GOOD)
    refused = github("POST", R, GOOD | wrong)
    assert (refused.status_code, refused.json()["errors"]) == (422, [sentence])
    assert len(github("GET", R).json()) == 1


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "required_status_checks", "parameters": {}},
        {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "a"}]}},
        {
            "type": "required_status_checks",
            "parameters": {"strict_required_status_checks_policy": True, "required_status_checks": [{}]},
        },
        {"type": "pull_request", "parameters": {"required_approving_review_count": 1}},
    ],
)
def test_a_rule_that_lacks_what_its_kind_needs(github: Any, rule: dict[str, Any]) -> None:
    refused = github("POST", R, GOOD | {"rules": [{"type": "deletion"}, rule]})
    assert refused.status_code == 422
    assert "Invalid property /rules/1: data matches no possible input." in refused.json()["message"]


def test_rulesets_of_a_private_repository_need_a_plan(github: Any) -> None:
    number = github("POST", R, GOOD).json()["id"]
    github.service.set_plan("mano-app", "team")
    assert github("PUT", f"{R}/{number}", {"enforcement": "evaluate"}).json()["errors"] == [
        "Enforcement evaluate is only available with GitHub Enterprise"
    ]
    github.service.set_plan("mano-app", "free")
    for answer in (
        github("GET", R),
        github("POST", R, GOOD | {"name": "other"}),
        github("PUT", f"{R}/{number}", {"enforcement": "disabled"}),
        github("GET", "/repos/mano-app/mano/rules/branches/main"),
    ):
        assert (answer.status_code, answer.json()["message"]) == (
            403,
            "Upgrade to GitHub Pro or make this repository public to enable this feature.",
        )
    github("PATCH", "/repos/mano-app/mano", {"private": False})
    assert [item["enforcement"] for item in github("GET", R).json()] == ["active"]


def test_the_rules_of_a_branch_are_those_of_active_rulesets_that_name_it(github: Any) -> None:
    def rules(branch: str) -> list[tuple[str, int]]:
        answer = github("GET", f"/repos/mano-app/mano/rules/branches/{branch}")
        return [(rule["type"], rule["ruleset_id"]) for rule in answer.json()]

    named = {
        "default": (["~DEFAULT_BRANCH"], []),
        "releases": (["refs/heads/release/*"], ["refs/heads/release/old"]),
        "all": (["~ALL"], []),
        "tags": (["~ALL"], []),
        "asleep": (["~ALL"], []),
    }
    numbers = {}
    for name, (include, exclude) in named.items():
        more = {"target": "tag"} if name == "tags" else {"enforcement": "disabled"} if name == "asleep" else {}
        conditions = {"ref_name": {"include": include, "exclude": exclude}}
        numbers[name] = github("POST", R, GOOD | {"name": name, "conditions": conditions} | more).json()["id"]
    assert rules("main") == [("deletion", numbers["default"]), ("deletion", numbers["all"])]
    assert rules("release%2Fone") == [("deletion", numbers["releases"]), ("deletion", numbers["all"])]
    assert rules("release/old") == [("deletion", numbers["all"])]
