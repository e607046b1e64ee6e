import time
from collections.abc import Iterator

import httpx
import pytest

from localcloud.seed import Seed
from tests.conftest import LocalCloudUnderTest

# A connection that ends before all that was sent is read ends for the caller with a reset instead of an end.
_DROPPED = (httpx.RemoteProtocolError, httpx.ReadError)


@pytest.fixture
def cloud(local_cloud: LocalCloudUnderTest) -> Iterator[LocalCloudUnderTest]:
    yield local_cloud
    local_cloud.control("DELETE", "/faults")
    local_cloud.control("PUT", "/clock", 0)
    local_cloud.control("PUT", "/rate-limit", 120)


def _fault(cloud: LocalCloudUnderTest, **fault: object) -> None:
    answer = cloud.control("POST", "/faults", fault)
    assert answer.status_code == 204, answer.text


def test_the_nth_call_fails_as_told_and_the_next_does_not(cloud: LocalCloudUnderTest) -> None:
    _fault(cloud, method="GET", path="/v1/organizations", skip=1, action="respond", status=503,
           headers={"retry-after": "7"}, body={"message": "busy"})  # fmt: skip
    answers = [cloud.api("GET", "/organizations") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 503, 200]
    assert (answers[1].headers["retry-after"], answers[1].json()) == ("7", {"message": "busy"})
    assert cloud.control("GET", "/faults").json() == []


def test_a_fault_hits_only_what_it_names(cloud: LocalCloudUnderTest) -> None:
    _fault(cloud, method="POST", path="/v1/organizations", action="respond", status=500)
    assert cloud.api("GET", "/organizations").status_code == 200
    assert cloud.api("GET", "/projects").status_code == 200
    assert len(cloud.control("GET", "/faults").json()) == 1


def test_a_dropped_connection_before_the_write_changes_nothing(cloud: LocalCloudUnderTest) -> None:
    before = cloud.api("GET", "/organizations").json()
    _fault(cloud, method="POST", path="/v1/organizations", action="drop_before")
    with pytest.raises(_DROPPED):
        cloud.api("POST", "/organizations", {"name": "lost"})
    assert cloud.api("GET", "/organizations").json() == before


def test_a_dropped_connection_after_the_write_has_written(cloud: LocalCloudUnderTest) -> None:
    _fault(cloud, method="POST", path="/v1/organizations", action="drop_after")
    with pytest.raises(_DROPPED):
        cloud.api("POST", "/organizations", {"name": "written"})
    assert "written" in {organization["name"] for organization in cloud.api("GET", "/organizations").json()}


def test_a_delay_delays(cloud: LocalCloudUnderTest) -> None:
    _fault(cloud, path="/v1/organizations", action="delay", seconds=0.5)
    begin = time.monotonic()
    assert cloud.api("GET", "/organizations").status_code == 200
    assert time.monotonic() - begin >= 0.5


def test_faults_reach_github_too(cloud: LocalCloudUnderTest) -> None:
    _fault(cloud, path="/api/v3/.*", action="respond", status=502)
    assert httpx.get(f"{cloud.url}/api/v3/user").status_code == 502


def test_a_wrong_fault_is_refused(cloud: LocalCloudUnderTest) -> None:
    assert cloud.control("POST", "/faults", {"path": "/x", "action": "explode"}).status_code == 400


def test_the_rate_limit_can_be_reached_and_time_moved_past_it(cloud: LocalCloudUnderTest) -> None:
    path = f"/projects/{'y' * 20}"
    cloud.control("PUT", "/rate-limit", 2)
    assert [cloud.api("GET", path).status_code for _ in range(3)] == [404, 404, 429]
    refused = cloud.api("GET", path)
    assert refused.json() == {"message": "ThrottlerException: Too Many Requests"}
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert cloud.api("GET", f"/projects/{'x' * 20}").status_code == 404
    cloud.control("PUT", "/clock", 61)
    assert cloud.api("GET", path).status_code == 404


def test_another_status_can_be_shown_for_some_looks(cloud: LocalCloudUnderTest) -> None:
    ref = cloud.api("GET", "/projects").json()[0]["ref"]
    cloud.control("PUT", f"/projects/{ref}/status", {"status": "COMING_UP", "polls": 2})
    shown = [cloud.api("GET", f"/projects/{ref}").json()["status"] for _ in range(3)]
    assert shown == ["COMING_UP", "COMING_UP", "ACTIVE_HEALTHY"]
    cloud.control("PUT", f"/projects/{ref}/status", {"status": "INIT_FAILED"})
    assert [cloud.api("GET", f"/projects/{ref}").json()["status"] for _ in range(3)] == ["INIT_FAILED"] * 3
    cloud.control("PUT", f"/projects/{ref}/status", {"status": None})
    assert cloud.api("GET", f"/projects/{ref}").json()["status"] == "ACTIVE_HEALTHY"


def test_requests_are_remembered_without_their_secrets(cloud: LocalCloudUnderTest) -> None:
    cloud.control("DELETE", "/requests")
    cloud.api("POST", "/organizations?key=seeded-secret-5b1c", {"name": "seeded-secret-5b1c"})
    answer = cloud.control("GET", "/requests")
    (entry,) = answer.json()
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/v1/organizations", 201)
    assert "seeded-secret-5b1c" not in answer.text


def test_reset_forgets_everything_and_goes_on(own_cloud: LocalCloudUnderTest) -> None:
    seeded = own_cloud.api("GET", "/projects").json()
    organizations = own_cloud.api("GET", "/organizations").json()
    ref = seeded[0]["ref"]
    query = f"/projects/{ref}/database/query"
    own_cloud.api("POST", query, {"query": "create table public.gone ()"})
    own_cloud.api("POST", "/organizations", {"name": "gone"})
    assert own_cloud.control("POST", "/reset").status_code == 200
    assert [project["ref"] for project in own_cloud.api("GET", "/projects").json()] == [ref]
    assert own_cloud.api("GET", "/organizations").json() == organizations
    answer = own_cloud.api("POST", query, {"query": "select to_regclass('public.gone')::text as gone"})
    assert answer.json() == [{"gone": None}]


def test_tokens_of_further_github_users_are_issued(cloud: LocalCloudUnderTest) -> None:
    token = cloud.control("POST", "/github-tokens", {"login": "dana"}).json()["token"]
    answer = httpx.get(f"{cloud.url}/api/v3/user", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["login"] == "dana"
    for wrong in ({}, {"login": "dana", "app": "github-actions"}, {"login": "a b"}):
        assert cloud.control("POST", "/github-tokens", wrong).status_code == 400


def _github(cloud: LocalCloudUnderTest, token: str, path: str) -> httpx.Response:
    return httpx.get(f"{cloud.url}/api/v3{path}", headers={"Authorization": f"Bearer {token}"})


def test_a_github_token_holds_what_was_asked_for_until_it_is_revoked(cloud: LocalCloudUnderTest) -> None:
    wanted = {"login": "administrator", "permissions": {"issues": "read", "variables": "write"}}
    token = cloud.control("POST", "/github-tokens", wanted).json()["token"]
    owner = Seed.read(cloud.source).owner
    assert _github(cloud, token, f"/orgs/{owner}/members").status_code == 403
    audit = cloud.control("POST", "/github-tokens", {"login": "administrator", "profile": "read-only"}).json()["token"]
    assert _github(cloud, audit, f"/orgs/{owner}/members").status_code == 200
    assert cloud.control("POST", "/github-tokens/revocations", {"token": audit}).status_code == 204
    assert _github(cloud, audit, f"/orgs/{owner}/members").status_code == 401
    assert cloud.control("POST", "/github-tokens", wanted | {"permissions": {"all": "write"}}).status_code == 400


def test_github_s_limits_and_plan_are_set(cloud: LocalCloudUnderTest) -> None:
    token, owner = cloud.environment["GITHUB_TOKEN"], Seed.read(cloud.source).owner
    assert cloud.control("PUT", "/github-limits", {"rest_per_hour": 100_000}).status_code == 204
    assert _github(cloud, token, "/user").headers["X-RateLimit-Limit"] == "100000"
    assert cloud.control("PUT", "/github-limits", {}).status_code == 204
    assert _github(cloud, token, "/user").headers["X-RateLimit-Limit"] == "5000"
    assert cloud.control("PUT", "/github-limits", {"rest_per_hour": 0}).status_code == 400
    before = _github(cloud, token, f"/orgs/{owner}").json()["plan"]["name"]
    assert cloud.control("PUT", f"/github-organizations/{owner}/plan", "team").status_code == 204
    assert _github(cloud, token, f"/orgs/{owner}").json()["plan"]["name"] == "team"
    assert cloud.control("PUT", f"/github-organizations/{owner}/plan", "gold").status_code == 400
    assert cloud.control("PUT", f"/github-organizations/{owner}/plan", before).status_code == 204
