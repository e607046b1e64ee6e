import re
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.place import Place
from localcloud.stack_tokens import RELEASE_PERMISSIONS
from tests.conftest import ROOT, LocalCloudUnderTest

Call = Callable[..., Any]
FORBIDDEN = 403


@pytest.fixture(scope="module")
def refs(local_cloud: LocalCloudUnderTest) -> tuple[str, str]:
    """A project of the organisation of stack staging, and the adopted one of production's."""
    created = local_cloud.create_project("reached", "mano-staging")
    return created, next(p["ref"] for p in local_cloud.api("GET", "/projects").json() if p["name"] == "mano-production")


def _token(cloud: LocalCloudUnderTest, **limits: Any) -> str:
    answer = cloud.control("POST", "/supabase-tokens", limits)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def test_each_stack_has_a_token_of_its_organisation(
    local_cloud: LocalCloudUnderTest, call: Call, refs: tuple[str, str]
) -> None:
    own, other = refs
    token = local_cloud.environment["SUPABASE_ACCESS_TOKEN_STAGING"]
    listed = {project["ref"] for project in call("GET", "/projects", status=200, token=token)}
    assert own in listed
    assert other not in listed
    assert [o["slug"] for o in call("GET", "/organizations/mano-staging/projects", status=200, token=token)["projects"]
            if o["ref"] == other] == []  # fmt: skip
    assert local_cloud.api("GET", f"/projects/{other}", token=token).status_code == FORBIDDEN
    assert local_cloud.api("GET", f"/projects/{other}/functions", token=token).status_code == FORBIDDEN
    assert local_cloud.api("GET", "/organizations/mano", token=token).status_code == FORBIDDEN
    production = local_cloud.environment["SUPABASE_ACCESS_TOKEN_PRODUCTION"]
    assert local_cloud.api("GET", f"/projects/{other}", token=production).is_success
    assert local_cloud.api("GET", f"/projects/{own}", token=production).is_success  # production asks what it validated
    body = {"name": "elsewhere", "organization_slug": "mano", "db_pass": "secret-of-it", "region": "eu-central-1"}
    assert local_cloud.api("POST", "/projects", body, token=token).status_code == FORBIDDEN


def test_a_stacks_reading_token_reads_only(local_cloud: LocalCloudUnderTest, refs: tuple[str, str]) -> None:
    token = local_cloud.environment["SUPABASE_READ_TOKEN_STAGING"]
    path = f"/projects/{refs[0]}"
    assert local_cloud.api("GET", f"{path}/secrets", token=token).is_success
    assert local_cloud.api("POST", f"{path}/secrets", [], token=token).status_code == FORBIDDEN
    query = {"query": "select 1"}
    assert local_cloud.api("POST", f"{path}/database/query/read-only", query, token=token).is_success
    assert local_cloud.api("POST", f"{path}/database/query", {**query, "read_only": True}, token=token).is_success
    assert local_cloud.api("POST", f"{path}/database/query", query, token=token).status_code == FORBIDDEN


def test_a_scoped_token_may_what_its_permissions_say(local_cloud: LocalCloudUnderTest, refs: tuple[str, str]) -> None:
    token = _token(local_cloud, permissions=["edge_functions_read", "api_gateway_keys_read", "data_api_config_read"])
    path = f"/projects/{refs[0]}"
    assert local_cloud.api("GET", f"{path}/functions", token=token).is_success
    refused = local_cloud.api("GET", path, token=token)
    assert refused.status_code == FORBIDDEN
    assert "necessary privileges" in refused.json()["message"]
    assert local_cloud.api("POST", f"{path}/functions/deploy?slug=a", token=token).status_code == FORBIDDEN
    assert local_cloud.api("GET", f"{path}/api-keys", token=token).is_success
    assert local_cloud.api("GET", f"{path}/api-keys?reveal=true", token=token).status_code == FORBIDDEN
    assert "jwt_secret" not in local_cloud.api("GET", f"{path}/postgrest", token=token).json()


def test_a_token_of_one_project_reaches_no_other_and_no_organisation(
    local_cloud: LocalCloudUnderTest, refs: tuple[str, str]
) -> None:
    own, other = refs
    token = _token(local_cloud, projects=[own])
    assert local_cloud.api("GET", f"/projects/{own}/secrets", token=token).is_success
    assert local_cloud.api("GET", f"/projects/{other}/secrets", token=token).status_code == FORBIDDEN
    assert [project["ref"] for project in local_cloud.api("GET", "/projects", token=token).json()] == [own]
    assert local_cloud.api("GET", "/organizations", token=token).json() == []


def test_the_readme_asks_for_what_the_local_cloud_hands_out() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in readme.splitlines() if line.startswith("| `SUPABASE_ACCESS_TOKEN` |")]
    assert set(re.findall(r"`([a-z_]+)`", row)) == RELEASE_PERMISSIONS


def test_a_made_token_is_forgotten_with_a_reset_and_a_stacks_is_not(own_cloud: LocalCloudUnderTest) -> None:
    made, before = _token(own_cloud), Place(own_cloud.directory).stack_tokens()
    assert own_cloud.control("POST", "/reset").status_code == 200
    assert own_cloud.api("GET", "/projects", token=made).status_code == 401
    assert Place(own_cloud.directory).stack_tokens() == before
    assert own_cloud.api("GET", "/projects", token=before["SUPABASE_ACCESS_TOKEN_STAGING"]).is_success
    assert (own_cloud.directory / "access-tokens.json").stat().st_mode & 0o077 == 0
