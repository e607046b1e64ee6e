import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
import pytest

from localcloud.place import HOST, Place
from tests.conftest import LocalCloudUnderTest

Call = Callable[..., Any]
ENTRY = "supabase/functions/logging/index.ts"
SOURCE = 'Deno.serve((r) => { console.log("called", r.method); return new Response("", { status: 503 }); });\n'


@pytest.fixture(scope="module")
def project(local_cloud: LocalCloudUnderTest) -> str:
    """Give a project of an organisation of its own: on the free plan, all projects of an organisation count."""
    organization = local_cloud.api("POST", "/organizations", {"name": "operated"}).json()["slug"]
    local_cloud.control("PUT", f"/organizations/{organization}/plan", "pro")
    return local_cloud.create_project("operated", organization)


@pytest.fixture
def free(local_cloud: LocalCloudUnderTest, project: str) -> Iterator[None]:
    with local_cloud.plan_of(project, "free"):
        yield


def _sql(cloud: LocalCloudUnderTest, ref: str, query: str) -> Any:
    answer = cloud.api("POST", f"/projects/{ref}/database/query", {"query": query})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def served(local_cloud: LocalCloudUnderTest, project: str) -> str:
    """A project whose function was called, whose Auth refused a request, and whose database refused a query."""
    metadata = {"entrypoint_path": ENTRY, "verify_jwt": False}
    token = Place(local_cloud.directory).credentials().supabase_access_token
    answer = httpx.post(
        f"{local_cloud.url}/v1/projects/{project}/functions/deploy?slug=logging",
        headers={"Authorization": f"Bearer {token}"},
        files=[("file", (ENTRY, SOURCE)), ("metadata", (None, json.dumps(metadata)))],
        timeout=60,
    )
    assert answer.status_code == 201, answer.text
    base = f"{local_cloud.url}/projects/{project}"
    assert httpx.post(f"{base}/functions/v1/logging?key=seeded-secret-77aa", timeout=60).status_code == 503
    assert httpx.get(f"{base}/functions/v1/absent").status_code == 404
    assert httpx.get(f"{base}/auth/v1/user").status_code == 401
    local_cloud.api("POST", f"/projects/{project}/database/query", {"query": "select * from not_there"})
    return project


def _logs(call: Call, ref: str, sql: str, **times: str) -> Any:
    query = urlencode({"sql": sql, **times})
    return call("GET", f"/projects/{ref}/analytics/endpoints/logs.all?{query}", status=200)


def test_what_the_gateway_served_is_in_the_logs(call: Call, served: str) -> None:
    sql = (
        "select event_message, response.status_code, request.method, request.pathname, m.function_id, m.version"
        " from function_edge_logs cross join unnest(metadata) as m cross join unnest(m.response) as response"
        " cross join unnest(m.request) as request order by timestamp"
    )
    called, absent = _logs(call, served, sql)["result"]
    assert (called["status_code"], called["method"], called["version"]) == (503, "POST", "1")
    assert called["pathname"] == "/functions/v1/logging"
    assert called["event_message"].startswith("POST | 503 | http")
    assert "seeded-secret-77aa" not in str(called)
    assert (absent["status_code"], absent["function_id"]) == (404, None)


def test_what_a_function_printed_is_in_the_logs(call: Call, served: str) -> None:
    sql = "select event_message, m.event_type, m.level from function_logs cross join unnest(metadata) as m"
    rows = _logs(call, served, sql)["result"]
    assert {"event_message": "called POST", "event_type": "Log", "level": "info"} in rows
    assert [row["event_type"] for row in rows if row["event_message"].startswith("booted")] == ["Boot"]


def test_auth_requests_and_database_errors_are_in_the_logs(call: Call, served: str) -> None:
    sql = "select r.status_code from edge_logs cross join unnest(metadata) m cross join unnest(m.response) r"
    (refused,) = _logs(call, served, sql)["result"]
    assert refused["status_code"] == 401
    sql = (
        "select event_message, parsed.error_severity, parsed.sql_state_code, parsed.user_name from postgres_logs"
        " cross join unnest(metadata) m cross join unnest(m.parsed) parsed where parsed.sql_state_code = '42P01'"
    )
    error = _logs(call, served, sql)["result"][0]
    assert error["event_message"] == 'relation "not_there" does not exist at character 15'
    assert (error["error_severity"], error["user_name"]) == ("ERROR", "supabase_admin")


def test_logs_are_of_the_time_that_was_asked_for(call: Call, served: str) -> None:
    sql = "select count(*) as lines from function_logs"
    early = {"iso_timestamp_start": "2026-01-01T00:00:00Z", "iso_timestamp_end": "2026-01-01T01:00:00Z"}
    assert _logs(call, served, sql, **early)["result"] == [{"lines": 0}]
    now = datetime.now(UTC)
    last_hours = {"iso_timestamp_start": f"{now - timedelta(hours=23):%Y-%m-%dT%H:%M:%SZ}"}
    assert _logs(call, served, sql, **last_hours)["result"][0]["lines"] >= 2


def test_a_time_of_more_than_a_day_is_refused(local_cloud: LocalCloudUnderTest, served: str) -> None:
    query = urlencode({"sql": "select 1", "iso_timestamp_start": "2026-01-01T00:00:00Z",
                       "iso_timestamp_end": "2026-01-02T00:00:01Z"})  # fmt: skip
    answer = local_cloud.api("GET", f"/projects/{served}/analytics/endpoints/logs.all?{query}")
    assert answer.status_code == 400
    assert "24 hours" in answer.json()["message"]


@pytest.mark.parametrize(
    "sql",
    [
        "select nothing from function_logs",
        "drop table function_logs",
        "select",
        "select * from read_text('/etc/hostname')",
    ],
)
def test_wrong_sql_is_told_in_the_answer(call: Call, served: str, sql: str) -> None:
    answer = _logs(call, served, sql)
    assert answer["result"] == []
    assert answer["error"]


def test_a_log_table_that_is_not_there_names_itself(local_cloud: LocalCloudUnderTest, served: str) -> None:
    query = urlencode({"sql": "select * from storage_logs"})
    answer = local_cloud.api("GET", f"/projects/{served}/analytics/endpoints/logs.all?{query}")
    assert (answer.status_code, "storage_logs" in answer.json()["message"]) == (501, True)


def _lints(call: Call, ref: str, kind: str) -> set[tuple[str, str]]:
    lints = call("GET", f"/projects/{ref}/advisors/{kind}", status=200)["lints"]
    return {(lint["name"], lint["metadata"]["name"]) for lint in lints}


def test_advisors_find_what_is_there(local_cloud: LocalCloudUnderTest, call: Call, project: str) -> None:
    _sql(
        local_cloud,
        project,
        """
        create table open_table (id int primary key);
        create table half (id int primary key, owner uuid, target int references open_table);
        alter table half enable row level security;
        create policy mine on half using (owner = auth.uid());
        create table idle (id int primary key); create policy unused on idle using (true);
        create table closed (id int); alter table closed enable row level security;
        create index one on half (owner); create index two on half (owner);
        create view people as select id, email from auth.users;
        create function loose() returns int language sql as 'select 1';
        create extension pg_trgm schema public;
        """,
    )
    assert _lints(call, project, "security") >= {
        ("rls_disabled_in_public", "open_table"),
        ("rls_disabled_in_public", "idle"),
        ("policy_exists_rls_disabled", "idle"),
        ("rls_enabled_no_policy", "closed"),
        ("security_definer_view", "people"),
        ("auth_users_exposed", "people"),
        ("function_search_path_mutable", "loose"),
        ("extension_in_public", "pg_trgm"),
    }
    assert _lints(call, project, "performance") == {
        ("unindexed_foreign_keys", "half"),
        ("duplicate_index", "half"),
        ("no_primary_key", "closed"),
        ("auth_rls_initplan", "half"),
    }
    _sql(
        local_cloud,
        project,
        """
        alter table open_table enable row level security; create policy all_of_it on open_table using (true);
        alter table idle enable row level security; create policy none on closed using (false);
        alter view people set (security_invoker = on); drop view people;
        alter function loose() set search_path = ''; drop extension pg_trgm;
        create index on half (target); drop index two; alter table closed add primary key (id);
        drop policy mine on half; create policy mine on half using (owner = (select auth.uid()));
        """,
    )
    assert _lints(call, project, "security") == set()
    assert _lints(call, project, "performance") == set()


def test_a_custom_domain_is_verified_by_its_records(local_cloud: LocalCloudUnderTest, call: Call, project: str) -> None:
    path = f"/projects/{project}/custom-hostname"
    assert local_cloud.api("GET", path).status_code == 402
    addon = {"addon_type": "custom_domain", "addon_variant": "cd_default"}
    call("PATCH", f"/projects/{project}/billing/addons", addon, status=200)
    assert call("GET", path, status=200)["status"] == "1_not_started"
    assert local_cloud.api("POST", path + "/activate").status_code == 400
    begun = call("POST", path + "/initialize", {"custom_hostname": "api.mano.example"}, status=201)
    assert (begun["status"], begun["custom_hostname"]) == ("2_initiated", "api.mano.example")
    assert begun["data"]["result"]["ssl"]["validation_records"][0]["txt_name"] == "_acme-challenge.api.mano.example"
    assert call("POST", path + "/reverify", status=201)["status"] == "2_initiated"
    local_cloud.control("PUT", f"/projects/{project}/domain-records", body=True)
    assert call("POST", path + "/reverify", status=201)["status"] == "3_challenge_verified"
    assert local_cloud.api("POST", path + "/activate").status_code == 400
    assert call("POST", path + "/reverify", status=201)["status"] == "4_origin_setup_completed"
    assert call("POST", path + "/activate", status=201)["status"] == "5_services_reconfigured"
    call("DELETE", path + "?remove_addon=true", status=200)
    assert local_cloud.api("GET", path).status_code == 402
    assert local_cloud.api("DELETE", path).json() == {"message": "Resource has been removed"}


@pytest.mark.usefixtures("free")
def test_the_free_plan_has_no_domain_backup_or_restore_point(
    local_cloud: LocalCloudUnderTest, call: Call, project: str
) -> None:
    listed = call("GET", f"/projects/{project}/database/backups", status=200)
    assert (listed["pitr_enabled"], listed["backups"]) == (False, [])
    refused = [
        ("GET", "/custom-hostname", None),
        ("POST", "/database/backups/restore-point", {"name": "before"}),
        ("POST", "/database/backups/undo", {"name": "before"}),
        ("POST", "/database/backups/restore-pitr", {"recovery_time_target_unix": 1}),
        ("POST", "/database/backups/restore", {"id": 1}),
        ("PATCH", "/billing/addons", {"addon_type": "custom_domain", "addon_variant": "cd_default"}),
    ]
    answers = [local_cloud.api(method, f"/projects/{project}{path}", body) for method, path, body in refused]
    assert [answer.status_code for answer in answers] == [402] * len(refused)
    assert local_cloud.control("POST", f"/projects/{project}/backups").status_code == 402


def test_a_restore_point_and_a_backup_bring_the_data_back(
    local_cloud: LocalCloudUnderTest, call: Call, project: str
) -> None:
    base = f"/projects/{project}/database/backups"
    assert local_cloud.api("GET", base + "/restore-point").status_code == 404
    _sql(local_cloud, project, "create table kept as select 1 as one")
    assert call("POST", base + "/restore-point", {"name": "before"}, status=201)["status"] == "AVAILABLE"
    assert local_cloud.api("POST", base + "/restore-point", {"name": "before"}).status_code == 400
    _sql(local_cloud, project, "insert into kept values (2)")
    assert local_cloud.control("POST", f"/projects/{project}/backups").status_code == 204
    call("PATCH", f"/projects/{project}/database/password", {"password": "another-password"}, status=200)
    _sql(local_cloud, project, "drop table kept")

    call("POST", base + "/undo", {"name": "before"}, status=201)
    assert call("GET", f"/projects/{project}", status=200)["status"] == "RESTORING"
    local_cloud.wait_for(project, "ACTIVE_HEALTHY")
    assert _sql(local_cloud, project, "select one from kept") == [{"one": 1}]

    (backup,) = call("GET", base, status=200)["backups"]
    call("POST", base + "/restore", {"id": backup["id"]}, status=201)
    local_cloud.wait_for(project, "ACTIVE_HEALTHY")
    assert _sql(local_cloud, project, "select one from kept order by one") == [{"one": 1}, {"one": 2}]
    assert local_cloud.api("POST", base + "/restore", {"id": 99}).status_code == 400
    assert local_cloud.api("POST", base + "/undo", {"name": "never"}).status_code == 404
    assert local_cloud.api("POST", base + "/restore-pitr", {"recovery_time_target_unix": 1}).status_code == 402
    assert call("GET", base + "/restore-point?name=before", status=200)["name"] == "before"
    _connect(local_cloud, project, "postgres", "another-password").close()
    _sql(local_cloud, project, "drop table kept")


def _connect(cloud: LocalCloudUnderTest, ref: str, role: str, password: str) -> "psycopg.Connection[Any]":
    ports = Place(cloud.directory).ports()
    assert ports is not None
    return psycopg.connect(
        host=HOST, port=ports[1], user=f"{role}.{ref}", password=password, dbname="postgres", sslmode="disable"
    )


def test_a_login_role_becomes_postgres_for_some_minutes(
    local_cloud: LocalCloudUnderTest, call: Call, project: str
) -> None:
    path = f"/projects/{project}/cli/login-role"
    role = call("POST", path, {"read_only": False}, status=201)
    with _connect(local_cloud, project, role["role"], role["password"]) as connection:
        connection.execute("set session role postgres")
        connection.execute("create table by_login ()")
        (row,) = connection.execute("select extract(epoch from rolvaliduntil - now()) from pg_roles where rolname = %s",
                                    [role["role"]])  # fmt: skip
        assert 0 < row[0] <= role["ttl_seconds"]
    again = call("POST", path, {"read_only": False}, status=201)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        _connect(local_cloud, project, role["role"], role["password"])
    reading = call("POST", path, {"read_only": True}, status=201)
    with _connect(local_cloud, project, reading["role"], reading["password"]) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("set session role postgres")
        connection.rollback()
        connection.execute("set session role supabase_read_only_user")
        assert connection.execute("select count(*) from public.by_login").fetchone() == (0,)
    assert call("DELETE", path, status=200) == {"message": "ok"}
    with pytest.raises(psycopg.OperationalError):
        _connect(local_cloud, project, again["role"], again["password"])
    _sql(local_cloud, project, "drop table by_login")


def test_an_api_key_counts_from_its_creation_to_its_deletion(
    local_cloud: LocalCloudUnderTest, call: Call, project: str
) -> None:
    path = f"/projects/{project}/api-keys"
    hidden = call("POST", path, {"type": "secret", "name": "ci_key"}, status=201)
    assert "·" in hidden["api_key"]
    key = call("GET", f"{path}/{hidden['id']}?reveal=true", status=200)
    assert key["api_key"].startswith("sb_secret_")
    assert local_cloud.api("POST", path, {"type": "secret", "name": "ci_key"}).status_code == 400

    def users() -> int:
        address = f"{local_cloud.url}/projects/{project}/auth/v1/admin/users"
        return httpx.get(address, headers={"apikey": key["api_key"]}).status_code

    assert users() == 200
    changed = call("PATCH", f"{path}/{key['id']}", {"name": "ci_renamed"}, status=200)
    assert (changed["name"], changed["id"]) == ("ci_renamed", key["id"])
    call("DELETE", f"{path}/{key['id']}", status=200)
    assert users() == 401
    assert local_cloud.api("GET", f"{path}/{key['id']}").status_code == 404


def test_signing_keys_tell_which_is_in_use(call: Call, project: str) -> None:
    keys = call("GET", f"/projects/{project}/config/auth/signing-keys", status=200)["keys"]
    assert {(key["algorithm"], key["status"]) for key in keys} == {("HS256", "previously_used"), ("ES256", "in_use")}
    assert "d" not in next(key["public_jwk"] for key in keys if key["public_jwk"])


def test_what_is_never_there_is_told_to_be_empty(call: Call, project: str) -> None:
    assert call("POST", f"/projects/{project}/network-bans/retrieve", status=201) == {"banned_ipv4_addresses": []}
    assert call("GET", f"/projects/{project}/branches", status=200) == []


def test_read_only_mode_is_that_of_the_server(local_cloud: LocalCloudUnderTest, call: Call, project: str) -> None:
    assert call("GET", f"/projects/{project}/readonly", status=200)["enabled"] is False
    local_cloud.control("PUT", f"/projects/{project}/read-only", body=True)
    try:
        assert call("GET", f"/projects/{project}/readonly", status=200)["enabled"] is True
        refused = local_cloud.api("POST", f"/projects/{project}/database/query", {"query": "create table no ()"})
        assert "read-only transaction" in refused.json()["message"]
    finally:
        local_cloud.control("PUT", f"/projects/{project}/read-only", body=False)
    _sql(local_cloud, project, "create table yes (); drop table yes")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_ledger_of_migrations_is_for_partners_only(
    local_cloud: LocalCloudUnderTest, project: str, method: str
) -> None:
    answer = local_cloud.api(method, f"/projects/{project}/database/migrations")
    assert (answer.status_code, "necessary privileges" in answer.json()["message"]) == (403, True)


@pytest.mark.parametrize(("ends", "may"), [("RESTORE_FAILED", False), ("INACTIVE", True)])
def test_a_restoration_that_fails(local_cloud: LocalCloudUnderTest, project: str, ends: str, may: bool) -> None:  # noqa: FBT001
    with local_cloud.plan_of(project, "free"):
        local_cloud.api("POST", f"/projects/{project}/pause")
        local_cloud.wait_for(project, "INACTIVE")
        local_cloud.control("PUT", "/next-start", ends)
        assert local_cloud.api("POST", f"/projects/{project}/restore").is_success
        local_cloud.wait_for(project, ends)
        assert local_cloud.api("POST", f"/projects/{project}/restore").is_success is may
        if not may:
            assert local_cloud.api("POST", f"/projects/{project}/restore/cancel").is_success
            assert local_cloud.api("POST", f"/projects/{project}/restore").is_success
        local_cloud.wait_for(project, "ACTIVE_HEALTHY")
    assert local_cloud.api("POST", f"/projects/{project}/restore/cancel").status_code == 400


def test_a_project_that_does_not_start_can_only_be_deleted(local_cloud: LocalCloudUnderTest) -> None:
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    local_cloud.control("PUT", "/next-start", "INIT_FAILED")
    body = {"name": "failing", "organization_slug": organization, "db_pass": "secret-of-it", "region": "eu-central-1"}
    ref = local_cloud.api("POST", "/projects", body).json()["ref"]
    local_cloud.wait_for(ref, "INIT_FAILED")
    assert local_cloud.api("POST", f"/projects/{ref}/database/query", {"query": "select 1"}).status_code == 400
    assert local_cloud.api("POST", f"/projects/{ref}/restore").status_code == 400
    assert local_cloud.api("DELETE", f"/projects/{ref}").is_success


def test_logs_have_a_lower_rate_limit_and_users_do_not_share_one(
    local_cloud: LocalCloudUnderTest, project: str
) -> None:
    path = f"/projects/{project}/analytics/endpoints/logs.all"
    assert local_cloud.api("GET", path).headers["x-ratelimit-limit"] == "30"
    token = local_cloud.control("POST", "/supabase-tokens", {"user": "dana"}).json()["token"]
    first = int(local_cloud.api("GET", path, token=token).headers["x-ratelimit-remaining"])
    assert first == 29
    assert int(local_cloud.api("GET", path, token=token).headers["x-ratelimit-remaining"]) == 28
