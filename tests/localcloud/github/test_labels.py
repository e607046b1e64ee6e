from typing import Any

import pytest

R = "/repos/mano-app/mano"


def test_a_repository_has_github_s_own_labels_and_refuses_a_second(github: Any) -> None:
    refused = github("POST", f"{R}/labels", {"name": "Bug"})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"resource": "Label", "code": "already_exists", "field": "name"}]


def test_a_name_with_a_slash_comes_encoded_or_not(github: Any) -> None:
    github("POST", f"{R}/labels", {"name": "kind/hotfix", "color": "b60205"})
    for path in ("kind/hotfix", "kind%2Fhotfix", "KIND/hotfix"):
        assert github("GET", f"{R}/labels/{path}").json()["name"] == "kind/hotfix"


def test_the_plugin_renames_by_name_and_the_documentation_by_new_name(github: Any) -> None:
    github("POST", f"{R}/labels", {"name": "one", "description": "kept"})
    github("PATCH", f"{R}/labels/one", {"name": "two", "color": "111111"})
    shown = github("PATCH", f"{R}/labels/two", {"new_name": "three"}).json()
    assert (shown["name"], shown["color"], shown["description"]) == ("three", "111111", "kept")
    assert github("PATCH", f"{R}/labels/three", {"new_name": "bug"}).status_code == 422
    assert github("GET", f"{R}/labels/two").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 51}, "name"),
        ({"name": "x", "color": "#000000"}, "color"),
        ({"name": "x", "description": "x" * 101}, "description"),
    ],
)
def test_a_label_that_github_does_not_take(github: Any, wrong: dict[str, Any], field: str) -> None:
    refused = github("POST", f"{R}/labels", wrong)
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["resource"], error["field"]) == (422, "Label", field)
    assert github("PATCH", f"{R}/labels/bug", wrong).status_code == 422
