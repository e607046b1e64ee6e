import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from localcloud.github.limits import Limits
from localcloud.github.seed import GitHubSeed

R = "/repos/mano-app/mano"


def test_a_call_without_the_token_is_refused(github: Any) -> None:
    for wrong in ("Bearer other", "Bearer", "Basic ghp_seeded"):
        refused = github("GET", R, Authorization=wrong)
        assert refused.status_code == 401
        assert refused.json() == {
            "message": "Bad credentials",
            "documentation_url": "https://docs.github.com/rest",
            "status": "401",
        }
    query = httpx.post(f"{github.base}/api/graphql", json={"query": "{viewer{login}}"}, trust_env=False)
    assert query.status_code == 401


def test_an_unknown_object_is_not_found_in_github_s_words(github: Any) -> None:
    for path in ("/repos/mano-app/other", "/orgs/other", f"{R}/environments/none", f"{R}/rulesets/7"):
        assert github("GET", path).json() == {
            "message": "Not Found",
            "documentation_url": "https://docs.github.com/rest",
            "status": "404",
        }


def test_a_call_that_is_not_implemented_names_itself(github: Any) -> None:
    for method, path in (("GET", f"{R}/pages"), ("DELETE", R), ("PATCH", "/orgs/mano-app")):
        answer = github(method, path)
        assert answer.status_code == 501
        assert answer.json()["message"] == f"{method} /api/v3{path} is not implemented by the local cloud"


def test_an_etag_follows_the_body(github: Any) -> None:
    before = github("GET", R)
    unchanged = github("GET", R, If_None_Match=before.headers["ETag"])
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    github("PATCH", R, {"description": "other"})
    after = github("GET", R, If_None_Match=before.headers["ETag"])
    assert after.status_code == 200
    assert after.headers["ETag"] != before.headers["ETag"]


def test_every_answer_tells_the_rate_limit(github: Any) -> None:
    first, second = github("GET", R).headers, github("GET", "/repos/mano-app/none").headers
    assert first["X-GitHub-Api-Version-Selected"] == "2022-11-28"
    assert first["X-RateLimit-Limit"] == "5000"
    assert int(second["X-RateLimit-Remaining"]) == int(first["X-RateLimit-Remaining"]) - 1
    assert first["X-GitHub-Request-Id"] != second["X-GitHub-Request-Id"]


def test_the_rate_limit_holds_for_an_hour(start: Any, seed: GitHubSeed) -> None:
    time = datetime(2030, 1, 1, tzinfo=UTC)
    github = start(seed, clock=lambda: time, limits=Limits(rest_per_hour=2))
    assert [github("GET", R).status_code for _ in range(3)] == [200, 200, 403]
    refused = github("GET", R)
    assert refused.json()["message"].startswith("API rate limit exceeded for user ID")
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert refused.headers["X-RateLimit-Reset"] == str(int(time.timestamp()) + 3600)
    time += timedelta(hours=1)
    assert github("GET", R).status_code == 200


def test_a_list_comes_in_pages(github: Any) -> None:
    first = github("GET", f"{R}/labels?per_page=4")
    assert len(first.json()) == 4
    assert first.links["next"]["url"].endswith("/labels?per_page=4&page=2")
    last = httpx.get(first.links["last"]["url"], headers=first.request.headers, trust_env=False)
    assert len(last.json()) == 1
    assert "next" not in last.links


def test_a_body_that_is_no_json_object_is_refused(github: Any) -> None:
    answer = httpx.post(
        f"{github.base}/api/v3{R}/labels",
        content=b"[",
        headers={"Authorization": "Bearer ghp_seeded"},
        trust_env=False,
    )
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")
    assert github("POST", f"{R}/labels", ["name"]).status_code == 400


def test_a_field_of_the_wrong_type_is_refused(github: Any) -> None:
    assert github("PUT", f"{R}/environments/x", {"wait_timer": "5"}).status_code == 422
    assert github("PUT", f"{R}/environments/x", {"wait_timer": True}).status_code == 422
    assert github("POST", f"{R}/labels", {}).json()["message"] == 'Invalid request.\n\n"name" wasn\'t supplied.'


def test_what_was_answered_survives_a_restart(github: Any, start: Any, seed: GitHubSeed) -> None:
    github("PUT", f"{R}/environments/staging", {"can_admins_bypass": False})
    github("POST", f"{R}/labels", {"name": "hotfix", "color": "b60205"})
    sha = github("GET", f"{R}/git/ref/heads/main").json()["object"]["sha"]
    github("POST", f"{R}/git/refs", {"ref": "refs/heads/staging", "sha": sha})
    paths = (R, f"{R}/environments/staging", f"{R}/labels", f"{R}/labels/hotfix", f"{R}/git/ref/heads/staging")
    again = start(seed)
    for path in paths:
        before = github("GET", path).text.replace(github.host, "")
        assert again("GET", path).text.replace(again.host, "") == before


def test_a_refused_request_changes_nothing(github: Any, stored: Any) -> None:
    before = stored()
    assert github("POST", f"{R}/labels", {"name": "x", "color": "none"}).status_code == 422
    assert github("PATCH", R, {"archived": True, "default_branch": "absent"}).status_code == 422
    assert stored() == before
    assert github("GET", R).json()["archived"] is False


def test_an_issued_token_acts_as_its_own_user_and_survives_a_restart(
    github: Any, start: Any, seed: GitHubSeed, stored: Any
) -> None:
    value = github.user("bob").token
    for client in (github, start(seed)):
        shown = client("GET", "/user", Authorization=f"Bearer {value}")
        assert (shown.status_code, shown.json()["login"]) == (200, "bob")
    assert value not in json.dumps(stored())


def test_an_app_s_token_is_no_user(github: Any) -> None:
    refused = github.app("github-actions")("GET", "/user")
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
