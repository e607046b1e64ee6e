from typing import Any

import pytest

HOOKS = "/repos/mano-app/mano/hooks"
CONFIG = {"url": "https://example.test/hook", "content_type": "json", "secret": "nobody may read this"}


def test_a_hook_s_secret_is_never_told(github: Any, tmp_path: Any) -> None:
    made = github("POST", HOOKS, {"config": CONFIG, "events": ["push", "deployment"]})
    assert made.status_code == 201
    path = f"{HOOKS}/{made.json()['id']}"
    for answer in (made, github("GET", path), github("PATCH", path, {"active": False})):
        assert answer.json()["config"]["secret"] == "********"
        assert "nobody may read this" not in answer.text
    assert "nobody may read this" not in github("GET", HOOKS).text
    for file in (tmp_path / "github").rglob("*"):
        assert not file.is_file() or b"nobody may read this" not in file.read_bytes()
    without = github("PATCH", path, {"config": {"url": "https://example.test/other"}}).json()
    assert "secret" not in without["config"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"config": {}},
        {"config": {"url": "example.test"}},
        {"config": CONFIG | {"content_type": "xml"}},
        {"config": CONFIG, "name": "email"},
    ],
)
def test_a_hook_that_github_does_not_take(github: Any, wrong: dict[str, Any]) -> None:
    assert github("POST", HOOKS, wrong).status_code == 422
    assert github("GET", HOOKS).json() == []


def test_the_same_hook_is_made_once(github: Any) -> None:
    assert github("POST", HOOKS, {"config": CONFIG}).status_code == 201
    refused = github("POST", HOOKS, {"config": CONFIG, "events": ["push", "issues"]})
    assert refused.json()["errors"][0]["message"] == "Hook already exists on this repository"
    assert github("POST", HOOKS, {"config": CONFIG, "events": ["issues"]}).status_code == 201
