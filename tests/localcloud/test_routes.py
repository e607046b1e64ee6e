"""Every route of the local Supabase, and what proves that it does what it says."""

import re
from pathlib import Path

import pytest
from starlette.routing import Route

from localcloud.app import Parts
from localcloud.clock import Clock
from localcloud.database.installation import Installation
from localcloud.management.settings import contract
from localcloud.place import Place
from localcloud.seed import Seed
from tests.conftest import LocalCloudUnderTest

HERE = Path(__file__).parent
READS = "reads what is there"
P = "/v1/projects/{ref}"
A = "/projects/{ref}/auth/v1"
# Of each route that writes: the test that sees the effect by another way than its answer.
EFFECTS = {
    "POST /v1/organizations": "test_organizations",
    "POST /v1/projects": "test_a_project_comes_up_and_goes",
    f"PATCH {P}": "test_a_project_comes_up_and_goes",
    f"DELETE {P}": "test_a_project_comes_up_and_goes",
    f"POST {P}/pause": "test_pause_and_restore_keep_the_data",
    f"POST {P}/restore": "test_pause_and_restore_keep_the_data",
    f"POST {P}/restore/cancel": "test_a_restoration_that_fails",
    f"PATCH {P}/billing/addons": "test_a_paid_project_can_be_resized_and_restarts_for_it",
    f"DELETE {P}/billing/addons/{{variant}}": "test_a_paid_project_can_be_resized_and_restarts_for_it",
    f"PATCH {P}/postgrest": "test_postgrest_settings",
    f"PATCH {P}/config/auth": "test_auth_settings",
    f"POST {P}/network-restrictions/apply": "kept, and obeyed by nothing: COVERAGE.md says so",
    f"PUT {P}/ssl-enforcement": "kept, and obeyed by nothing: COVERAGE.md says so",
    f"POST {P}/secrets": "test_secrets_are_told_by_their_digests",
    f"DELETE {P}/secrets": "test_secrets_are_told_by_their_digests",
    f"POST {P}/database/query": "test_a_query_runs_as_postgres_and_answers_as_node_postgres_does",
    f"POST {P}/database/query/read-only": "test_a_read_only_query_can_not_write",
    f"PATCH {P}/database/password": "test_a_restore_point_and_a_backup_bring_the_data_back",
    f"POST {P}/network-bans/retrieve": READS,
    f"POST {P}/database/migrations": "test_the_ledger_of_migrations_is_for_partners_only",
    f"PUT {P}/database/migrations": "test_the_ledger_of_migrations_is_for_partners_only",
    f"DELETE {P}/database/migrations": "test_the_ledger_of_migrations_is_for_partners_only",
    f"PATCH {P}/database/migrations/{{version}}": "test_the_ledger_of_migrations_is_for_partners_only",
    f"POST {P}/api-keys": "test_an_api_key_counts_from_its_creation_to_its_deletion",
    f"PATCH {P}/api-keys/{{id}}": "test_an_api_key_counts_from_its_creation_to_its_deletion",
    f"DELETE {P}/api-keys/{{id}}": "test_an_api_key_counts_from_its_creation_to_its_deletion",
    f"PUT {P}/api-keys/legacy": "test_legacy_keys_can_be_switched_off",
    f"POST {P}/custom-hostname/initialize": "test_a_custom_domain_is_verified_by_its_records",
    f"POST {P}/custom-hostname/reverify": "test_a_custom_domain_is_verified_by_its_records",
    f"POST {P}/custom-hostname/activate": "test_a_custom_domain_is_verified_by_its_records",
    f"DELETE {P}/custom-hostname": "test_a_custom_domain_is_verified_by_its_records",
    f"POST {P}/database/backups/restore": "test_a_restore_point_and_a_backup_bring_the_data_back",
    f"POST {P}/database/backups/restore-pitr": "test_a_restore_point_and_a_backup_bring_the_data_back",
    f"POST {P}/database/backups/restore-point": "test_a_restore_point_and_a_backup_bring_the_data_back",
    f"POST {P}/database/backups/undo": "test_a_restore_point_and_a_backup_bring_the_data_back",
    f"POST {P}/cli/login-role": "test_a_login_role_becomes_postgres_for_some_minutes",
    f"DELETE {P}/cli/login-role": "test_a_login_role_becomes_postgres_for_some_minutes",
    f"PUT {P}/functions": "test_a_bundle_is_live_only_after_the_bulk_update",
    f"POST {P}/functions/deploy": "test_functions_and_their_logs",
    f"DELETE {P}/functions/{{slug}}": "test_functions_and_their_logs",
    f"POST {A}/signup": "test_who_signs_up_must_confirm_first",
    f"POST {A}/token": "test_a_refresh_token_works_once",
    f"POST {A}/logout": "test_logging_out_ends_sessions",
    f"POST {A}/admin/users": "test_admins_read_change_and_list_users",
    f"PUT {A}/admin/users/{{id}}": "test_admins_read_change_and_list_users",
    f"DELETE {A}/admin/users/{{id}}": "test_a_deleted_user_is_gone_with_everything",
}


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    folder = tmp_path_factory.mktemp("routes")
    place = Place(folder)
    place.keep_ports(1, 2)
    parts = Parts(place, Seed(folder, ("one",), (), "owner", "repository", "main"), Installation(folder), Clock())
    return [*parts.management_routes(), *parts.auth.gateway_routes()]


def test_every_route_that_writes_is_listed_with_its_proof(routes: list[Route]) -> None:
    writing = {f"{method} {route.path}" for route in routes for method in (route.methods or set()) - {"GET", "HEAD"}}
    assert writing == set(EFFECTS), (
        "A route was added or removed. List it in EFFECTS with the test that sees its effect, or let it answer 501."
    )


def test_every_proof_exists() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    assert [n for n in EFFECTS.values() if n.startswith("test_") and f"def {n}(" not in text] == []


def test_nothing_succeeds_for_a_project_that_is_not_there(
    local_cloud: LocalCloudUnderTest, routes: list[Route]
) -> None:
    bodies: dict[str, object] = {
        "/secrets": [], "/functions": [], "/database/backups/restore": {"id": 1}, "/cli/login-role": {"read_only": True}
    }  # fmt: skip
    for route in routes:
        for method in sorted((route.methods or set()) - {"HEAD"}):
            if not route.path.startswith(P):
                continue
            path = re.sub(r"\{\w+}", "z" * 20, route.path).removeprefix("/v1")
            body = next(
                (b for end, b in bodies.items() if path.endswith(end)), {"name": "some_name", "query": "select 1"}
            )
            answer = local_cloud.api(method, path, None if method == "GET" else body)
            assert 400 <= answer.status_code < 500, (method, route.path, answer.status_code, answer.text)


def test_what_is_not_implemented_says_so(local_cloud: LocalCloudUnderTest, routes: list[Route]) -> None:
    def shape(path: str) -> str:
        return re.sub(r"\{\w+}", "{}", path)

    there = {(method, shape(route.path)) for route in routes for method in route.methods or ()}
    ref = local_cloud.api("GET", "/projects").json()[0]["ref"]
    for method, path, name, _ in contract()["operations"]:
        if (method, shape(path)) in there:
            continue
        concrete = re.sub(r"\{\w+}", "x", path.replace("{ref}", ref)).removeprefix("/v1")
        answer = local_cloud.api(method, concrete, {} if method != "GET" else None)
        assert (answer.status_code, name in answer.text) == (501, True), (method, path, answer.text)
