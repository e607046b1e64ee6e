from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.github.limits import Limits
from localcloud.github.seed import GitHubSeed

R = "/repos/mano-app/mano"


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def label(github: Any, name: object) -> Any:
    return github("POST", f"{R}/labels", {"name": f"label-{name}", "color": "000000"})


def test_the_default_is_what_github_publishes() -> None:
    assert Limits().model_dump() == {
        "rest_per_hour": 5000,
        "workflow_per_hour": 1000,
        "graphql_per_hour": 5000,
        "content_per_minute": 80,
        "content_per_hour": 500,
        "points_per_minute": 900,
        "graphql_points_per_minute": 2000,
    }


def test_eighty_things_a_minute_may_be_made(start: Any, seed: GitHubSeed, clock: Clock) -> None:
    github = start(seed, clock=clock)
    assert [label(github, number).status_code for number in range(80)] == [201] * 80
    clock.now += timedelta(seconds=20)
    refused = label(github, 80)
    assert refused.status_code == 403
    assert refused.headers["Retry-After"] == "40"
    assert int(refused.headers["X-RateLimit-Remaining"]) > 0
    assert refused.json()["documentation_url"].endswith("#about-secondary-rate-limits")
    assert "secondary rate limit" in refused.json()["message"]
    assert github("GET", f"{R}/labels/label-80").status_code == 404
    assert github("DELETE", f"{R}/labels/label-1").status_code == 204
    assert label(github.user("bob"), 80).status_code == 201
    clock.now += timedelta(seconds=40)
    assert label(github, 81).status_code == 201


def test_the_points_of_one_operation_are_counted_apart(start: Any, seed: GitHubSeed, clock: Clock) -> None:
    github = start(seed, clock=clock, limits=Limits(points_per_minute=10))
    assert [github("PATCH", R, {}).status_code for _ in range(3)] == [200, 200, 403]
    assert [github("GET", R).status_code for _ in range(11)] == [200] * 10 + [403]
    assert github("GET", f"{R}/labels").status_code == 200


def test_graphql_has_an_hour_of_its_own(start: Any, seed: GitHubSeed, clock: Clock) -> None:
    github = start(seed, clock=clock, limits=Limits(graphql_per_hour=2, rest_per_hour=9))
    for _ in range(2):
        assert "data" in github.query("{viewer{login}}")
    refused = github.query("{viewer{login}}")
    assert refused["errors"][0]["type"] == "RATE_LIMITED"
    answer = github("GET", R)
    assert (answer.headers["X-RateLimit-Used"], answer.headers["X-RateLimit-Resource"]) == ("1", "core")
    resources = github("GET", "/rate_limit").json()["resources"]
    assert (resources["graphql"]["remaining"], resources["core"]["remaining"]) == (0, 8)
    clock.now += timedelta(hours=1)
    assert "data" in github.query("{viewer{login}}")


def test_graphql_s_mutations_make_things_too(start: Any, seed: GitHubSeed, clock: Clock) -> None:
    github = start(seed, clock=clock, limits=Limits(content_per_minute=1))
    mutation = (
        "mutation($input:CreateBranchProtectionRuleInput!)"
        "{createBranchProtectionRule(input:$input){branchProtectionRule{id}}}"
    )
    repository = github("GET", R).json()["node_id"]
    assert "data" in github.query(mutation, input={"repositoryId": repository, "pattern": "a"})
    assert label(github, "refused").status_code == 403


def test_an_answer_that_did_not_change_costs_nothing(github: Any) -> None:
    first = github("GET", R)
    again = github("GET", R, If_None_Match=first.headers["ETag"])
    assert again.status_code == 304
    assert again.headers["X-RateLimit-Used"] == first.headers["X-RateLimit-Used"]


def test_a_workflow_has_a_smaller_hour(github: Any) -> None:
    token = github.app("github-actions", permissions={"contents": "read"})
    assert token("GET", R).headers["X-RateLimit-Limit"] == "1000"


def test_limits_are_changed_and_switched_off_while_it_runs(start: Any, seed: GitHubSeed, clock: Clock) -> None:
    github = start(seed, clock=clock, limits=Limits(rest_per_hour=1))
    assert [github("GET", R).status_code for _ in range(2)] == [200, 403]
    github.service.limit(Limits(rest_per_hour=None, content_per_minute=None, content_per_hour=None))
    assert [github("GET", R).status_code for _ in range(3)] == [200] * 3
    assert [label(github, number).status_code for number in range(90)] == [201] * 90
