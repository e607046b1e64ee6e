import json

import pytest

from provider.plugin.client import Client
from provider.plugin.errors import (
    AmbiguousError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    UnhealthyError,
    UnreachableError,
)
from provider.plugin.queries import Queries
from tests.provider.fake_supabase import DROP, FakeSupabase, Fault


@pytest.fixture
def queries(client: Client) -> Queries:
    return Queries(client)


def test_a_project_is_found_by_ref_and_by_name(queries: Queries, supabase: FakeSupabase) -> None:
    supabase.add_project("app", status="REMOVED")
    ref = supabase.add_project("app", status="INACTIVE")
    by_ref = queries.get_project({"ref": ref})
    assert by_ref == {
        "found": True,
        "ref": ref,
        "name": "app",
        "organization": "acme",
        "region": "eu-central-1",
        "status": "INACTIVE",
        "database_host": f"db.{ref}.supabase.co",
        "url": f"https://{ref}.supabase.co",
        "created_at": "2026-01-01T00:00:00Z",
    }
    assert queries.get_project({"organization": "acme", "name": "app"}) == by_ref


def test_a_project_that_is_not_there_is_not_found(queries: Queries, supabase: FakeSupabase) -> None:
    removed = supabase.add_project(status="REMOVED")
    for arguments in ({"ref": "a" * 20}, {"ref": removed}, {"organization": "acme", "name": "other"}):
        assert queries.get_project(arguments) == {"found": False}


def test_two_projects_of_a_name_are_an_error_that_lists_them(queries: Queries, supabase: FakeSupabase) -> None:
    refs = [supabase.add_project("app"), supabase.add_project("app")]
    with pytest.raises(AmbiguousError, match=", ".join(refs)):
        queries.get_project({"organization": "acme", "name": "app"})


@pytest.mark.parametrize("arguments", [{}, {"organization": "acme"}, {"ref": "not a ref"}])
def test_a_project_must_be_named_somehow(queries: Queries, arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="Remedy"):
        queries.get_project(arguments)


def test_an_organization_has_its_plan_where_the_platform_tells(queries: Queries, supabase: FakeSupabase) -> None:
    assert queries.get_organization({"slug": "acme"}) == {"id": "acme", "name": "Acme", "plan": "pro"}
    del supabase.organizations["acme"]["plan"]
    assert queries.get_organization({"slug": "acme"})["plan"] is None
    with pytest.raises(NotFoundError, match="organization nobody"):
        queries.get_organization({"slug": "nobody"})


def test_functions_are_listed_by_slug(queries: Queries, supabase: FakeSupabase) -> None:
    ref = supabase.add_project()
    rest = {"status": "ACTIVE", "version": 3, "created_at": 1, "updated_at": 1_700_000_000_123}
    supabase.functions[ref] = [
        {"id": "2", "slug": "people", "name": "people", "verify_jwt": True, "ezbr_sha256": "f" * 64} | rest,
        {"id": "1", "slug": "chat", "name": "chat"} | rest,
    ]
    functions = queries.get_functions({"ref": ref})["functions"]
    assert [item["slug"] for item in functions] == ["chat", "people"]
    assert (functions[0]["verify_jwt"], functions[1]["verify_jwt"]) == (None, True)
    assert functions[1]["updated_at"] == 1_700_000_000_123


def test_rows_keep_their_types(queries: Queries, supabase: FakeSupabase) -> None:
    supabase.rows = [{"id": 2**60 + 1, "name": None, "deep": {"a": [1.5]}}]
    ref = supabase.add_project()
    answer = queries.query_database({"ref": ref, "query": "select $1", "parameters": [1]})
    assert json.loads(answer["rows"]) == supabase.rows
    (call,) = supabase.made("POST", ".*")
    assert call.path.endswith("/database/query/read-only")
    assert call.body == {"query": "select $1", "parameters": [1]}


def test_a_failing_query_shows_the_databases_words(queries: Queries, supabase: FakeSupabase) -> None:
    with pytest.raises(RefusedError, match=r'syntax error at or near "broken"'):
        queries.query_database({"ref": supabase.add_project(), "query": "broken"})


def test_a_paused_project_is_named_as_the_cause(queries: Queries, supabase: FakeSupabase) -> None:
    paused = supabase.add_project(status="INACTIVE")
    with pytest.raises(UnhealthyError, match=r"list the functions.*INACTIVE.*pulumi up"):
        queries.get_functions({"ref": paused})
    with pytest.raises(NotFoundError):
        queries.get_functions({"ref": "a" * 20})
    with pytest.raises(InvalidInputError):
        queries.query_database({"ref": "../../organizations", "query": "select 1"})
    assert all(call.path.startswith("/v1/projects/") and ".." not in call.path for call in supabase.calls)


def test_a_network_failure_is_one_error_with_cause_consequence_and_remedy(
    queries: Queries, supabase: FakeSupabase
) -> None:
    supabase.faults.append(Fault("GET", ".*", DROP, times=100))
    with pytest.raises(UnreachableError, match=r"no answer from https.*ReadError.*Nothing after.*Remedy"):
        queries.get_project({"ref": "a" * 20})


def test_a_token_reaches_what_it_may_read_alone(queries: Queries, supabase: FakeSupabase) -> None:
    ref = supabase.add_project()
    assert queries.reaches_project({"ref": ref}) == {"reaches": True}
    assert queries.reaches_project({"ref": "z" * 20}) == {"reaches": False}
    supabase.faults.append(Fault("GET", f"/v1/projects/{ref}", status=403))
    assert queries.reaches_project({"ref": ref}) == {"reaches": False}
    supabase.faults.append(Fault("GET", f"/v1/projects/{ref}", status=401))
    with pytest.raises(RefusedError):
        queries.reaches_project({"ref": ref})
