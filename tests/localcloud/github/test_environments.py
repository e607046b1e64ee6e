import hashlib
from typing import Any

import pytest

from tests.localcloud.github.conftest import seeded

R = "/repos/mano-app/mano"
E = f"{R}/environments/production"
CUSTOM = {"protected_branches": False, "custom_branch_policies": True}


def test_an_environment_is_replaced_as_a_whole(github: Any) -> None:
    bob = github("GET", "/users/bob").json()["id"]
    first = github("PUT", E, {"wait_timer": 5, "reviewers": [{"type": "User", "id": bob}]}).json()
    assert [rule["type"] for rule in first["protection_rules"]] == ["wait_timer", "required_reviewers"]
    second = github("PUT", E, {"can_admins_bypass": False}).json()
    assert (second["protection_rules"], second["can_admins_bypass"]) == ([], False)
    assert second["id"] == first["id"]


def test_a_rule_keeps_its_number(github: Any) -> None:
    rules = [github("PUT", E, {"wait_timer": wait}).json()["protection_rules"][0]["id"] for wait in (5, 9)]
    assert rules[0] == rules[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"wait_timer": 43_201},
        {"reviewers": [{"type": "User", "id": 1}]},
        {"reviewers": [{"type": "User"}]},
        {"reviewers": [{"type": "Bot", "id": 1_000_002}]},
        {"reviewers": [{"type": "User", "id": 1_000_002}] * 7},
        {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": True}},
        {"deployment_branch_policy": {"protected_branches": True}},
    ],
)
def test_a_rule_that_github_does_not_take(github: Any, wrong: dict[str, Any]) -> None:
    assert github("PUT", E, wrong).status_code == 422
    assert github("GET", E).status_code == 404


@pytest.mark.parametrize(
    ("plan", "refused"),
    [
        ("free", {"required reviewers", "wait timer", "branch policy"}),
        ("team", {"required reviewers", "wait timer"}),
        ("enterprise", set()),
    ],
)
def test_the_plan_says_which_rules_a_private_repository_has(github: Any, plan: str, refused: set[str]) -> None:
    github.service.set_plan("mano-app", plan)
    person = github("GET", "/user").json()["id"]
    wanted = {
        "required reviewers": ({"reviewers": [{"type": "User", "id": person}]}, {"prevent_self_review": True}),
        "wait timer": ({"wait_timer": 5},),
        "branch policy": ({"deployment_branch_policy": CUSTOM},),
    }
    for rule, bodies in wanted.items():
        for body in bodies:
            answer = github("PUT", E, body)
            assert (answer.status_code == 422) is (rule in refused)
            if rule in refused:
                assert f"ensure the billing plan supports the {rule}" in answer.json()["message"]
    assert github("PUT", E, {"can_admins_bypass": False, "prevent_self_review": False}).status_code == 200
    github("PATCH", R, {"private": False})
    assert {github("PUT", E, body).status_code for bodies in wanted.values() for body in bodies} == {200}


def test_a_reviewer_has_to_be_able_to_read(start: Any) -> None:
    github = start(seeded(base_role="none"))
    bob = {"reviewers": [{"type": "User", "id": github("GET", "/users/bob").json()["id"]}]}
    github("DELETE", "/orgs/mano-app/teams/core/repos/mano-app/mano")
    assert github("PUT", E, bob).json()["errors"] == [
        {"resource": "Environment", "field": "reviewers", "code": "invalid"}
    ]
    github("PUT", f"{R}/collaborators/bob", {"permission": "pull"})
    assert github("PUT", E, bob).status_code == 200


def test_names_with_slashes_and_spaces(github: Any) -> None:
    path = f"{R}/environments/stage%2Feu%20west"
    assert github("PUT", path, {}).json()["name"] == "stage/eu west"
    github("POST", f"{path}/variables", {"name": "A", "value": "b"})
    assert github("GET", f"{path}/variables/A").json()["value"] == "b"


def test_branch_policies_need_an_environment_that_takes_them(github: Any) -> None:
    policies = f"{E}/deployment-branch-policies"
    github("PUT", E, {})
    assert github("POST", policies, {"name": "main"}).status_code == 404
    github("PUT", E, {"deployment_branch_policy": CUSTOM})
    made = github("POST", policies, {"name": "main"})
    assert (made.status_code, made.json()["type"]) == (200, "branch")
    repeated = github("POST", policies, {"name": "main"})
    assert (repeated.status_code, repeated.headers["Location"]) == (
        303,
        f"{github.base}/api/v3{policies}/{made.json()['id']}",
    )
    for wrong in ({"name": " "}, {"name": "main", "type": "commit"}, {}):
        assert github("POST", policies, wrong).status_code == 422
    github("PUT", E, {"deployment_branch_policy": CUSTOM, "wait_timer": 1})
    assert [policy["name"] for policy in github("GET", policies).json()["branch_policies"]] == ["main"]


def test_a_secret_is_kept_as_a_digest_alone(github: Any, stored: Any, tmp_path: Any) -> None:
    github("PUT", E, {})
    path = f"{E}/secrets"
    assert github("PUT", f"{path}/token", github.seal(path, "a value to hide")).status_code == 201
    assert github("PUT", f"{path}/TOKEN", github.seal(path, "a value to hide")).status_code == 204
    (repository,) = stored()["repositories"].values()
    kept = repository["environments"]["production"]["secrets"]["token"]
    assert kept["sha256"] == hashlib.sha256(b"a value to hide").hexdigest()
    for file in (tmp_path / "github").rglob("*"):
        assert not file.is_file() or b"a value to hide" not in file.read_bytes()
    assert set(github("GET", f"{path}/TOKEN").json()) == {"name", "created_at", "updated_at"}


def test_both_paths_to_an_environment_s_secrets_are_one(github: Any) -> None:
    github("PUT", E, {})
    by_id = f"/repositories/{github('GET', R).json()['id']}/environments/production/secrets"
    github("PUT", f"{by_id}/TOKEN", github.seal(by_id, "x"))
    assert github("GET", f"{E}/secrets").json()["total_count"] == 1
    assert github("GET", f"{R}/actions/secrets").json()["total_count"] == 0
    github("DELETE", E)
    github("PUT", E, {})
    assert github("GET", f"{E}/secrets").json()["total_count"] == 0


def test_a_secret_that_was_not_sealed_for_this_repository(github: Any) -> None:
    path = f"{R}/actions/secrets"
    good = github.seal(path, "x")
    for wrong in ({"key_id": "1"}, {"encrypted_value": "eA=="}, {"encrypted_value": "not base64"}):
        assert github("PUT", f"{path}/TOKEN", good | wrong).status_code == 422
    for name in ("GITHUB_TOKEN", "1ST", "WITH-DASH"):
        assert github("PUT", f"{path}/{name}", good).status_code == 422
    assert github("PUT", f"{path}/TOKEN", github.seal(path, "x" * 49_153)).status_code == 422
    assert github("GET", path).json()["total_count"] == 0


def test_there_is_a_most_of_secrets_and_variables(github: Any) -> None:
    github("PUT", E, {})
    sealed = github.seal(f"{E}/secrets", "x")
    answers = [github("PUT", f"{E}/secrets/S{number}", sealed).status_code for number in range(101)]
    assert answers == [201] * 100 + [422]
    assert github("PUT", f"{E}/secrets/S1", sealed).status_code == 204


def test_a_variable_that_github_does_not_take(github: Any) -> None:
    path = f"{R}/actions/variables"
    for wrong in (
        {"name": "GITHUB_X", "value": "a"},
        {"name": "1ST", "value": "a"},
        {"name": "WITH-DASH", "value": "a"},
        {"name": "LARGE", "value": "x" * 49_153},
        {"name": "EMPTY"},
    ):
        assert github("POST", path, wrong).status_code == 422
    assert github("GET", path).json()["total_count"] == 0


def test_a_variable_is_created_once(github: Any) -> None:
    path = f"{R}/actions/variables"
    github("POST", path, {"name": "region", "value": "a"})
    assert github("POST", path, {"name": "REGION", "value": "b"}).status_code == 409
    github("POST", path, {"name": "OTHER", "value": "c"})
    assert github("PATCH", f"{path}/OTHER", {"name": "REGION"}).status_code == 409
    assert github("GET", f"{path}/region").json()["value"] == "a"
