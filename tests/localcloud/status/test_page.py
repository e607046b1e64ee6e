import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.localcloud.status.conftest import REPOSITORY, Cloud

SECRET = "seeded-secret-5b1c"


@pytest.fixture(scope="module")
def cloud(make_cloud: Callable[[], Cloud]) -> Cloud:
    return make_cloud()


def _project(cloud: Cloud, ref: str) -> dict[str, Any]:
    shown: dict[str, Any] = next(project for project in cloud.data()["projects"] if project["ref"] == ref)
    return shown


def test_the_page_and_all_that_it_refers_to_are_served_from_here(cloud: Cloud) -> None:
    html = httpx.get(f"{cloud.url}/", trust_env=False)
    assert html.headers["content-type"].startswith("text/html")
    references = re.findall(r'(?:href|src)="([^"#][^"]*)"', html.text)
    assert len(references) == 3
    for path in references:
        answer = httpx.get(f"{cloud.url}{path}", trust_env=False)
        assert answer.status_code == 200
        assert set(re.findall(r"https?://[^\s\"']+", answer.text)) <= {"http://www.w3.org/2000/svg"}
    assert "http" not in html.text


def test_nothing_but_the_pages_own_script_may_run(cloud: Cloud) -> None:
    policy = httpx.get(f"{cloud.url}/", trust_env=False).headers["content-security-policy"]
    assert {"default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'"} <= set(policy.split("; "))
    assert "unsafe" not in policy


def test_a_project_is_shown_with_what_is_deployed_and_called(cloud: Cloud) -> None:
    ref = cloud.project()
    cloud.deploy(ref, "hello")
    (deployed,) = _project(cloud, ref)["functions"]
    assert (deployed["slug"], deployed["version"], deployed["status"]) == ("hello", 1, "ACTIVE")
    assert (deployed["worker"], deployed["called_at"]) == (False, None)
    assert httpx.get(f"{cloud.url}/projects/{ref}/functions/v1/hello", trust_env=False).text == "hello"
    cloud.deploy(ref, "hello")
    shown = _project(cloud, ref)
    (called,) = shown["functions"]
    assert (called["version"], called["worker"]) == (2, True)
    assert deployed["deployed_at"] < called["called_at"] < called["deployed_at"]
    assert (shown["region"], shown["plan"], shown["health"]) == ("eu-central-1", "pro", "healthy")


def test_the_ledger_stands_beside_the_files_of_the_work_tree(cloud: Cloud) -> None:
    cloud.control("POST", "/reset")
    ref = cloud.project()
    (cloud.migrations / "20260101000000_first.sql").touch()
    (cloud.migrations / "20260102000000_second.sql").touch()
    (cloud.migrations / "notes.txt").touch()
    cloud.apply(ref, "20260101000000", "first")
    cloud.apply(ref, "20251231000000", "lost")
    listed = {entry["name"]: entry["state"] for entry in _project(cloud, ref)["migrations"]}
    assert listed == {"lost": "gone", "first": "applied", "second": "pending"}


def test_a_look_changes_nothing(cloud: Cloud) -> None:
    cloud.control("POST", "/reset")
    ref = cloud.project()
    cloud.stop()
    cloud.start()
    cloud.control("PUT", f"/projects/{ref}/status", {"status": "COMING_UP", "polls": 1})
    cloud.control("POST", "/faults", {"path": ".*", "action": "respond", "status": 503})
    for _ in range(3):
        shown = cloud.data()
        assert httpx.get(f"{cloud.url}/", trust_env=False).status_code == 200
    assert (shown["projects"][0]["health"], shown["projects"][0]["status"]) == ("ready", "ACTIVE_HEALTHY")
    assert cloud.control("GET", "/health").json()["projects"][0]["database_pid"] is None
    assert cloud.control("GET", "/requests").json() == []
    assert [text.split()[0] for text in shown["disturbances"]] == ["The", "Callers"]
    assert cloud.api("GET", f"/projects/{ref}").status_code == 503
    assert cloud.api("GET", f"/projects/{ref}").json()["status"] == "COMING_UP"
    assert cloud.data()["disturbances"] == []


def test_all_that_is_modelled_is_told(cloud: Cloud) -> None:
    cloud.control("POST", "/reset")
    cloud.control("PUT", "/next-start", "INIT_FAILED")
    cloud.control("PUT", "/functions/cold-start", 250)
    cloud.control("PUT", "/projects/some-ref/functions/hello/missing", 2)
    assert cloud.data()["disturbances"] == [
        "Each start of a function takes 250 ms longer",
        "The function hello of some-ref answers its next 2 calls as if it was not there",
        "The next project that comes up ends as INIT_FAILED instead",
    ]


def test_no_secret_is_in_the_data(cloud: Cloud) -> None:
    cloud.control("POST", "/reset")
    ref = cloud.project()
    cloud.api("POST", f"/projects/{ref}/secrets", [{"name": "OF_FUNCTIONS", "value": SECRET}])
    cloud.github("PUT", f"/v3/repos/{REPOSITORY}/environments/live")
    cloud.put_secret("live", "OF_ACTIONS", SECRET)
    cloud.api("GET", f"/projects/{ref}/api-keys?token={SECRET}")
    cloud.api("GET", f"/projects/sbp_{SECRET}")
    cloud.control("POST", "/faults", {"path": "/x", "action": "respond", "body": SECRET, "headers": {"x": SECRET}})
    text = cloud.control("GET", "/status").text
    credentials = json.loads((cloud.directory / "credentials.json").read_text()).values()
    keys = json.loads((cloud.directory / "supabase.json").read_text())["projects"][0]["keys"].values()
    values = [SECRET, *credentials, *(key for key in keys if isinstance(key, str) and key not in {"new", ref})]
    assert len(values) > 7
    assert [value for value in values if value in text] == []
    assert {"OF_FUNCTIONS", "OF_ACTIONS", "/v1/projects/(hidden)"} <= set(re.findall(r'"([^"]+)"', text))


def test_what_is_known_already_is_not_sent_again(cloud: Cloud) -> None:
    def ask(tag: str) -> httpx.Response:
        headers = {"If-None-Match": tag}
        return httpx.get(f"{cloud.url}/_control/status", headers=headers, trust_env=False)

    first = ask("")
    assert ask(first.headers["etag"]).status_code == 304
    cloud.github("PUT", f"/v3/repos/{REPOSITORY}/environments/another")
    assert ask(first.headers["etag"]).status_code == 200


def test_the_repository_is_shown_in_words(cloud: Cloud) -> None:
    cloud.control("POST", "/reset")
    cloud.protect("main", requiresApprovingReviews=True, requiredApprovingReviewCount=2, isAdminEnforced=True)
    user = cloud.github("GET", "/v3/users/dana")["id"]
    rules = {"reviewers": [{"type": "User", "id": user}], "prevent_self_review": True}
    cloud.github("PUT", f"/v3/repos/{REPOSITORY}/environments/live", rules)
    cloud.github("POST", f"/v3/repos/{REPOSITORY}/actions/variables", {"name": "COLOR", "value": "red"})
    (repository,) = cloud.data()["repositories"]
    assert repository["protections"] == [{"pattern": "main", "words": ["2 approvals", "administrators included"]}]
    (live,) = repository["environments"]
    assert live["words"][:2] == ["approval of dana", "not by who started the deployment"]
    assert [(variable["name"], variable["value"]) for variable in repository["variables"]] == [("COLOR", "red")]


def test_an_open_pull_request_tells_how_far_it_is(cloud: Cloud) -> None:
    cloud.control("POST", "/reset")
    repository = f"/v3/repos/{REPOSITORY}"
    number = cloud.open_pull_request("Add a file")
    (shown,) = cloud.data()["repositories"][0]["pull_requests"]
    assert (shown["number"], shown["title"], shown["head"], shown["base"]) == (number, "Add a file", "change", "main")
    assert shown["words"] == ["not reviewed", "no check was reported"]
    pull = f"{repository}/pulls/{number}"
    cloud.github("POST", f"{pull}/reviews", {"event": "REQUEST_CHANGES", "body": "no"}, login="dana")
    cloud.github("POST", f"{pull}/reviews", {"event": "APPROVE"}, login="dana")
    cloud.github("POST", f"{pull}/requested_reviewers", {"reviewers": ["lee"]})
    cloud.github("POST", f"{repository}/issues/{number}/labels", {"labels": ["bug"]})
    sha = cloud.github("GET", pull)["head"]["sha"]
    for name, conclusion in (("tests", "success"), ("build", "failure")):
        run = {"name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion}
        cloud.github("POST", f"{repository}/check-runs", run, app="github-actions")
    (shown,) = cloud.data()["repositories"][0]["pull_requests"]
    assert shown["labels"] == ["bug"]
    assert shown["words"] == [
        "approved by dana",
        "waits for a review of lee",
        "check build failing",
        "check tests passed",
    ]
    cloud.github("PATCH", pull, {"state": "closed"})
    assert cloud.data()["repositories"][0]["pull_requests"] == []


def test_the_newest_requests_are_shown_first_with_the_program_that_made_them(cloud: Cloud) -> None:
    cloud.control("DELETE", "/requests")
    for number in range(120):
        cloud.api("GET", f"/projects/number{number}")
    requests = cloud.data()["requests"]
    assert len(requests) == 100
    newest = requests[0]
    assert (newest["method"], newest["path"], newest["status"]) == ("GET", "/v1/projects/number119", 404)
    assert newest["client"] == "Python program"
