"""A plan's comment, on the local GitHub."""

import dataclasses
from typing import Any

import pytest

from ops.hosting import Hosting
from ops.plan import pull_comment
from ops.plan.pull_comment import tell_pull_request
from tests.conftest import LocalCloudUnderTest

ISSUES = "/repos/mano-app/mano/issues"


def test_each_stack_has_one_comment_that_is_kept_up_to_date(
    own_cloud: LocalCloudUnderTest, hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_comment, "_PAGE", 2)

    def ask(method: str, path: str, **options: Any) -> Any:
        return own_cloud.github_api(method, path, token=own_cloud.environment["GITHUB_TOKEN"], **options).json()

    # A pull request's comments are those of the issue that it is.
    number = ask("POST", ISSUES, body={"title": "a change"})["number"]
    for index in range(3):
        ask("POST", f"{ISSUES}/{number}/comments", body={"body": f"{index} <!-- plan of stack staging --> is quoted"})
    for text in ("first", "second"):
        for stack in ("staging", "staging-2"):
            assert tell_pull_request(hosting, number, stack, f"{text} of {stack}") is None
    bodies = [comment["body"] for comment in ask("GET", f"{ISSUES}/{number}/comments")][3:]
    assert bodies == [f"<!-- plan of stack {stack} -->\nsecond of {stack}" for stack in ("staging", "staging-2")]


def test_a_token_without_the_right_is_no_failure_of_the_plan(own_cloud: LocalCloudUnderTest, hosting: Hosting) -> None:
    reading = dataclasses.replace(hosting, token=own_cloud.environment["REPOSITORY_WRITE_TOKEN"] + "x")
    assert "401" in str(tell_pull_request(reading, 1, "staging", "text"))
    gone = dataclasses.replace(hosting, _base="http://127.0.0.1:9")
    assert tell_pull_request(gone, 1, "staging", "text")
