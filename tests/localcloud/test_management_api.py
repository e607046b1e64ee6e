from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest

from localcloud.management.settings import contract
from tests.conftest import LocalCloudUnderTest

Call = Callable[..., Any]


@pytest.fixture(scope="session")
def project(local_cloud: LocalCloudUnderTest) -> str:
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    return local_cloud.create_project("tested", organization)


def test_organizations(call: Call) -> None:
    listed = call("GET", "/organizations", status=200)
    created = call("POST", "/organizations", {"name": "another"}, status=201)
    assert call("GET", "/organizations", status=200) == [*listed, created]
    assert call("GET", f"/organizations/{created['slug']}", status=200)["plan"] == "free"
    assert call("GET", f"/organizations/{created['slug']}/members", status=200)[0]["role_name"] == "Owner"


def test_an_absent_organization_is_not_found(local_cloud: LocalCloudUnderTest) -> None:
    answer = local_cloud.api("GET", "/organizations/nowhere")
    assert (answer.status_code, answer.json()) == (404, {"message": "Organization not found"})


def test_a_project_comes_up_and_goes(local_cloud: LocalCloudUnderTest, call: Call) -> None:
    organization = call("GET", "/organizations", status=200)[0]["slug"]
    body = {"name": "passing", "organization_slug": organization, "db_pass": "secret-of-it", "region": "eu-central-1"}
    created = call("POST", "/projects", body, status=201)
    ref = created["ref"]
    assert created["status"] == "UNKNOWN"
    early = local_cloud.api("DELETE", f"/projects/{ref}")
    assert (early.status_code, early.json()) == (400, {"message": "Project not ready for deletion."})
    local_cloud.wait_for(ref, "ACTIVE_HEALTHY")
    assert ref in {project["ref"] for project in call("GET", "/projects", status=200)}
    page = call("GET", f"/organizations/{organization}/projects?search=passing", status=200)
    assert [project["ref"] for project in page["projects"]] == [ref]
    call("PATCH", f"/projects/{ref}", {"name": "renamed"}, status=200)
    assert call("GET", f"/projects/{ref}", status=200)["name"] == "renamed"
    assert call("DELETE", f"/projects/{ref}", status=200)["ref"] == ref
    gone = local_cloud.api("GET", f"/projects/{ref}")
    assert (gone.status_code, gone.json()) == (404, {"message": "Project not found"})
    assert not (local_cloud.directory / "databases" / ref).exists()


def test_two_projects_may_have_one_name(call: Call) -> None:
    organization = call("GET", "/organizations", status=200)[0]["slug"]
    body = {"name": "twin", "organization_slug": organization, "db_pass": "secret-of-it", "region": "eu-central-1"}
    refs = {call("POST", "/projects", body, status=201)["ref"] for _ in range(2)}
    assert len(refs) == 2


@pytest.fixture
def free_organization(local_cloud: LocalCloudUnderTest, call: Call) -> Iterator[str]:
    slug = call("POST", "/organizations", {"name": "small"}, status=201)["slug"]
    yield slug
    # The limit counts what somebody has in all free organisations.
    local_cloud.control("PUT", f"/organizations/{slug}/plan", "pro")


def test_free_organizations_have_two_active_projects_at_most(
    local_cloud: LocalCloudUnderTest, call: Call, free_organization: str
) -> None:
    organization = free_organization
    body = {"name": "one", "organization_slug": organization, "db_pass": "secret-of-it", "region": "eu-central-1"}
    refs = [call("POST", "/projects", body, status=201)["ref"] for _ in range(2)]
    refused = local_cloud.api("POST", "/projects", body)
    assert refused.status_code == 400
    assert "2 project limit" in refused.json()["message"]
    local_cloud.wait_for(refs[0], "ACTIVE_HEALTHY")
    addon = {"addon_type": "compute_instance", "addon_variant": "ci_small"}
    assert "free plan" in local_cloud.api("PATCH", f"/projects/{refs[0]}/billing/addons", addon).json()["message"]
    assert local_cloud.api("POST", f"/projects/{refs[0]}/pause").is_success
    local_cloud.wait_for(refs[0], "INACTIVE")
    refs.append(call("POST", "/projects", body, status=201)["ref"])
    assert local_cloud.api("POST", f"/projects/{refs[0]}/restore").status_code == 400


def test_pause_and_restore_keep_the_data(local_cloud: LocalCloudUnderTest, call: Call, project: str) -> None:
    query = f"/projects/{project}/database/query"
    call("POST", query, {"query": "create table paused as select 7 as seven"}, status=201)
    assert "paid plan" in local_cloud.api("POST", f"/projects/{project}/pause").json()["message"]
    with local_cloud.plan_of(project, "free"):
        call("POST", f"/projects/{project}/pause", status=200)
        local_cloud.wait_for(project, "INACTIVE")
    assert local_cloud.api("POST", query, {"query": "select 1"}).status_code == 400
    assert local_cloud.api("POST", f"/projects/{project}/pause").status_code == 400
    health = call("GET", f"/projects/{project}/health?services=db", status=200)
    assert (health[0]["healthy"], health[0]["status"]) == (False, "UNHEALTHY")
    assert call("GET", f"/projects/{project}/restore", status=200)["available_versions"]
    call("POST", f"/projects/{project}/restore", status=200)
    local_cloud.wait_for(project, "ACTIVE_HEALTHY")
    assert call("POST", query, {"query": "select seven from paused"}, status=201) == [{"seven": 7}]
    assert local_cloud.api("POST", f"/projects/{project}/restore").status_code == 400


def test_health_is_that_of_the_real_database(local_cloud: LocalCloudUnderTest, call: Call, project: str) -> None:
    health = call("GET", f"/projects/{project}/health?services=auth&services=db&services=pooler", status=200)
    assert [(entry["name"], entry["status"]) for entry in health] == [
        ("auth", "ACTIVE_HEALTHY"),
        ("db", "ACTIVE_HEALTHY"),
        ("pooler", "ACTIVE_HEALTHY"),
    ]
    assert local_cloud.api("GET", f"/projects/{project}/health?services=storage").status_code == 501


def test_a_paid_project_can_be_resized_and_restarts_for_it(local_cloud: LocalCloudUnderTest, call: Call) -> None:
    organization = call("GET", "/organizations", status=200)[0]["slug"]
    ref = local_cloud.create_project("sized", organization)

    def size() -> str:
        (listed,) = call("GET", f"/organizations/{organization}/projects?search=sized", status=200)["projects"]
        return str(listed["databases"][0]["infra_compute_size"])

    assert size() == "micro"
    addon = {"addon_type": "compute_instance", "addon_variant": "ci_small"}
    call("PATCH", f"/projects/{ref}/billing/addons", addon, status=200)
    assert call("GET", f"/projects/{ref}", status=200)["status"] == "RESIZING"
    local_cloud.wait_for(ref, "ACTIVE_HEALTHY")
    assert size() == "small"
    (applied,) = call("GET", f"/projects/{ref}/billing/addons", status=200)["selected_addons"]
    call("DELETE", f"/projects/{ref}/billing/addons/{applied['variant']['id']}", status=200)
    local_cloud.wait_for(ref, "ACTIVE_HEALTHY")
    assert size() == "micro"


def test_regions(call: Call) -> None:
    organization = call("GET", "/organizations", status=200)[0]["slug"]
    regions = call("GET", f"/projects/available-regions?organization_slug={organization}", status=200)
    assert "eu-central-1" in {region["code"] for region in regions["all"]["specific"]}


def test_api_keys_of_a_new_project(call: Call, project: str) -> None:
    shown = {key["type"]: key["api_key"] for key in call("GET", f"/projects/{project}/api-keys", status=200)}
    revealed = call("GET", f"/projects/{project}/api-keys?reveal=true", status=200)
    assert [(key["type"], key["name"]) for key in revealed] == [
        ("legacy", "anon"),
        ("legacy", "service_role"),
        ("publishable", "default"),
        ("secret", "default"),
    ]
    keys = {key["type"]: key["api_key"] for key in revealed}
    assert shown["publishable"] == keys["publishable"]
    assert keys["secret"].startswith("sb_secret_")
    assert shown["secret"] not in {keys["secret"], None}
    assert "·" in shown["secret"]


def test_legacy_keys_can_be_switched_off(call: Call, project: str) -> None:
    assert call("PUT", f"/projects/{project}/api-keys/legacy?enabled=false", status=200) == {"enabled": False}
    assert call("GET", f"/projects/{project}/api-keys/legacy", status=200) == {"enabled": False}
    call("PUT", f"/projects/{project}/api-keys/legacy?enabled=true", status=200)


def test_an_adopted_project_has_legacy_keys_only(call: Call) -> None:
    adopted = call("GET", "/projects", status=200)[0]["ref"]
    assert {key["type"] for key in call("GET", f"/projects/{adopted}/api-keys", status=200)} == {"legacy"}


def test_secrets_are_told_by_their_digests(call: Call, project: str) -> None:
    path = f"/projects/{project}/secrets"
    call("POST", path, [{"name": "GREETING", "value": "hello"}, {"name": "OTHER", "value": ""}], status=201)
    listed = {secret["name"]: secret["value"] for secret in call("GET", path, status=200)}
    assert listed["GREETING"] == sha256(b"hello").hexdigest()
    assert {"OTHER", "SUPABASE_URL", "SUPABASE_DB_URL", "SUPABASE_SERVICE_ROLE_KEY"} <= listed.keys()
    call("DELETE", path, ["GREETING", "OTHER", "NEVER_SET"], status=200)
    assert {"GREETING", "OTHER"} & {secret["name"] for secret in call("GET", path, status=200)} == set()


@pytest.mark.parametrize(
    ("name", "value"), [("SUPABASE_X", "v"), ("A-B", "v"), ("1A", "v"), ("A" * 257, "v"), ("A", "v" * 24577)]
)
def test_secrets_that_the_platform_refuses(
    local_cloud: LocalCloudUnderTest, call: Call, project: str, name: str, value: str
) -> None:
    answer = local_cloud.api("POST", f"/projects/{project}/secrets", [{"name": "GOOD", "value": "1"},
                                                                      {"name": name, "value": value}])  # fmt: skip
    assert answer.status_code == 400
    assert "GOOD" not in {secret["name"] for secret in call("GET", f"/projects/{project}/secrets", status=200)}


def test_a_refused_body_does_not_come_back_in_the_message(local_cloud: LocalCloudUnderTest, project: str) -> None:
    answer = local_cloud.api("POST", f"/projects/{project}/secrets", [{"name": 5, "value": "seeded-secret-81f2"}])
    assert answer.status_code == 400
    assert "seeded-secret-81f2" not in answer.text


def test_auth_settings(local_cloud: LocalCloudUnderTest, call: Call, project: str) -> None:
    path = f"/projects/{project}/config/auth"
    assert call("GET", path, status=200)["mailer_autoconfirm"] is False
    changed = call("PATCH", path, {"site_url": "https://mano.example", "mailer_autoconfirm": True}, status=200)
    assert (changed["site_url"], changed["mailer_autoconfirm"]) == ("https://mano.example", True)
    assert call("GET", path, status=200) == changed
    refused = local_cloud.api("PATCH", path, {"site_ulr": "https://mano.example"})
    assert refused.status_code == 400
    assert "site_ulr" in refused.json()["message"]


def test_an_auth_setting_that_is_not_kept_is_not_accepted_either(
    local_cloud: LocalCloudUnderTest, project: str
) -> None:
    answer = local_cloud.api("PATCH", f"/projects/{project}/config/auth", {"smtp_host": "mail.example"})
    assert answer.status_code == 501
    assert "smtp_host" in answer.json()["message"]


def test_postgrest_settings(call: Call, project: str) -> None:
    path = f"/projects/{project}/postgrest"
    assert call("PATCH", path, {"db_schema": "public,api"}, status=200)["db_schema"] == "public,api"
    assert call("GET", path, status=200)["db_schema"] == "public,api"


def test_pooler_address(call: Call, project: str) -> None:
    (pooler,) = call("GET", f"/projects/{project}/config/database/pooler", status=200)
    assert (pooler["db_user"], pooler["db_host"]) == (f"postgres.{project}", "127.0.0.1")
    assert "[YOUR-PASSWORD]" in pooler["connection_string"]


def test_a_query_runs_as_postgres_and_answers_as_node_postgres_does(call: Call, project: str) -> None:
    query = (
        "select current_user::text as who, session_user::text as session, 1 as small, 9007199254740993 as big, 1.50 as"
        " exact, true as yes, null as nothing, '{\"a\": [1]}'::jsonb as document, array[1, 2] as list,"
        " date '2026-01-31' as day, '\\x01'::bytea as bytes, 'nan'::float8 as nan"
    )
    assert call("POST", f"/projects/{project}/database/query", {"query": query}, status=201) == [
        {
            "who": "postgres",
            "session": "postgres",
            "small": 1,
            "big": "9007199254740993",
            "exact": "1.50",
            "yes": True,
            "nothing": None,
            "document": {"a": [1]},
            "list": [1, 2],
            "day": "2026-01-31",
            "bytes": "\\x01",
            "nan": None,
        }
    ]


def test_of_several_statements_the_last_with_rows_answers(call: Call, project: str) -> None:
    query = "select 1 as one; select 2 as two; select 3 where false"
    assert call("POST", f"/projects/{project}/database/query", {"query": query}, status=201) == [{"two": 2}]


def test_a_query_takes_parameters(call: Call, project: str) -> None:
    body = {"query": "select $1::int + 1 as sum", "parameters": [41]}
    assert call("POST", f"/projects/{project}/database/query", body, status=201) == [{"sum": 42}]


def test_an_sql_error_has_code_line_and_caret(local_cloud: LocalCloudUnderTest, project: str) -> None:
    answer = local_cloud.api("POST", f"/projects/{project}/database/query", {"query": "select 1;\nselect * from gone"})
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        'Failed to run sql query: ERROR:  42P01: relation "gone" does not exist\n'
        "LINE 2: select * from gone\n"
        "                      ^\n"
    )


@pytest.mark.parametrize("attempt", ["", "commit; ", "set default_transaction_read_only = off; ", "reset role; "])
@pytest.mark.parametrize("read_only", [{}, {"read_only": True}])
def test_a_read_only_query_can_not_write(
    local_cloud: LocalCloudUnderTest, call: Call, project: str, attempt: str, read_only: dict[str, bool]
) -> None:
    query = f"/projects/{project}/database/query"
    call("POST", query, {"query": "create table if not exists written (id int)"}, status=201)
    path = query if read_only else f"{query}/read-only"
    write = "insert into written values (1)"
    answer = local_cloud.api("POST", path, {"query": attempt + write, **read_only})
    assert answer.status_code == 400
    count = {"query": "select count(*) from written", **read_only}
    assert call("POST", path, count, status=201) == [{"count": 0}]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/projects"), ("POST", "/projects"), ("GET", "/projects/{ref}/secrets")]
)
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer sbp_" + "0" * 40}])
def test_without_the_token_nothing_is_told(
    local_cloud: LocalCloudUnderTest, project: str, method: str, path: str, header: dict[str, str]
) -> None:
    answer = httpx.request(method, f"{local_cloud.url}/v1{path.format(ref=project)}", headers=header)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("path", ["/health?services=db", "/secrets", "/functions", "/config/auth", "/api-keys"])
def test_an_absent_project_is_not_found(local_cloud: LocalCloudUnderTest, path: str) -> None:
    answer = local_cloud.api("GET", f"/projects/{'z' * 20}{path}")
    assert (answer.status_code, answer.json()) == (404, {"message": "Project not found"})


def test_every_published_operation_answers_or_names_itself(local_cloud: LocalCloudUnderTest) -> None:
    unimplemented = 0
    for method, path, operation, _ in contract()["operations"]:
        concrete = path.removeprefix("/v1").replace("{ref}", "z" * 20).replace("{slug}", "nowhere")
        answer = local_cloud.api(method, concrete)
        assert answer.status_code in {200, 400, 403, 404, 501}, (method, path, answer.text)
        if answer.status_code == 501:
            assert f"({operation})" in answer.json()["message"]
            unimplemented += 1
    assert unimplemented > 50


def test_an_unpublished_call_names_itself(local_cloud: LocalCloudUnderTest) -> None:
    answer = local_cloud.api("GET", "/nope")
    assert answer.status_code == 501
    assert answer.json() == {"message": "GET /v1/nope is not implemented by the local cloud"}


def test_the_rate_limit_is_told(local_cloud: LocalCloudUnderTest) -> None:
    headers = local_cloud.api("GET", "/organizations").headers
    assert headers["x-ratelimit-limit"] == "120"
    assert 0 <= int(headers["x-ratelimit-remaining"]) < 120
    assert 0 < int(headers["x-ratelimit-reset"]) <= 60
