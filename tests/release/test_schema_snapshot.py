"""Each kind of change that a migration can make shows in the snapshot."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from release.schema_snapshot import Snapshot, differences, schema_snapshot
from tests.conftest import LocalCloudUnderTest

Connection = psycopg.Connection[TupleRow]
BEFORE = """
    create table public.t (id bigint primary key, n integer, s text);
    create table public.parted (id bigint) partition by range (id);
    create view public.v as select id from public.t;
    create materialized view public.m as select id from public.t;
    create sequence public.q;
    create type public.e as enum ('a', 'b');
    create type public.c as (x integer);
    create domain public.d as text;
    create function public.f() returns integer language sql as 'select 1';
    create function public.step(integer, integer) returns integer language sql as 'select $1 + $2';
    create function public.tf() returns trigger language plpgsql as 'begin return new; end';
    create function public.ef() returns event_trigger language plpgsql as 'begin end';
    create aggregate public.g (integer) (sfunc = public.step, stype = integer, initcond = '0');
    create procedure public.p() language sql as 'select 1';
    create publication changes for table public.t;
"""


@pytest.fixture(scope="module")
def database(local_cloud: LocalCloudUnderTest) -> Iterator[Connection]:
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    ref = local_cloud.create_project("snapshot", organization)
    pooler = local_cloud.api("GET", f"/projects/{ref}/config/database/pooler").json()[0]
    with psycopg.connect(
        host=pooler["db_host"],
        port=pooler["db_port"],
        user=pooler["db_user"],
        dbname=pooler["db_name"],
        password=local_cloud.environment["SUPABASE_DB_PASSWORD"],
        sslmode="disable",
        autocommit=True,
    ) as connection:
        connection.execute(BEFORE.encode())
        yield connection


@pytest.fixture(scope="module")
def before(database: Connection) -> Snapshot:
    return schema_snapshot(database, with_shared=True)


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("alter table t enable row level security", "tables public.t"),
        ("alter table t replica identity full", "tables public.t"),
        ("alter table t set (fillfactor = 50)", "tables public.t"),
        ("alter view v set (security_invoker = true)", "tables public.v"),
        ("revoke select on t from anon", "tables public.t"),
        ("create table part partition of parted for values from (1) to (2)", "tables public.part"),
        ("grant select (n) on t to anon", "columns public.t"),
        ('alter table t alter s type text collate "C"', "columns public.t"),
        ("alter table t alter s set storage external", "columns public.t"),
        ("alter table t alter n set default 5", "columns public.t"),
        ("alter table parted add column more integer", "columns public.parted"),
        ("create or replace view v as select id from t where n > 1", "views public.v"),
        ("drop materialized view m; create materialized view m as select id from t where n > 1", "views public.m"),
        ("drop materialized view m; create materialized view m as select id from t with no data", "views public.m"),
        ("alter sequence q increment 2", "sequences public.q"),
        ("alter sequence q owned by t.n", "sequences public.q"),
        ("alter table t add constraint positive check (n > 0) not valid", "constraints public.t.positive"),
        ("alter domain d add constraint short check (length(value) < 9)", "constraints public.d.short"),
        ("create index i on t (n)", "indexes public.i"),
        ("create policy own on t using (true)", "policies public.t.own"),
        ("create trigger tr before update on t for each row execute function tf()", "triggers public.t.tr"),
        ("create rule r as on delete to t do instead nothing", "rules public.t.r"),
        ("create or replace function f() returns integer language sql as 'select 2'", "functions public.f()"),
        ("create or replace procedure p() language sql as 'select 2'", "functions public.p()"),
        ("revoke execute on function f() from public", "functions public.f()"),
        (
            "create or replace aggregate g (integer) (sfunc = step, stype = integer, initcond = '1')",
            "aggregates public.g(integer)",
        ),
        ("alter type e add value 'c'", "types public.e"),
        ("alter type c add attribute y integer", "types public.c"),
        ("alter domain d set not null", "types public.d"),
        ("create statistics st on n, s from t", "statistics public.st"),
        ("create schema app", "schemas app"),
        ("grant create on schema public to anon", "schemas public"),
        ("comment on column t.n is 'number'", "comments column n of table public.t"),
        ("comment on function f() is 'one'", "comments function public.f()"),
        ("create extension citext with schema extensions", "extensions citext"),
        ("alter publication changes set (publish = 'insert')", "publications changes"),
        ("alter publication changes add table parted", "publications changes"),
        ("alter default privileges in schema public revoke select on tables from anon", "default privileges"),
        ("alter default privileges revoke execute on functions from public", "default privileges"),
        (
            "create trigger on_sign_up after insert on auth.users for each row execute function public.tf()",
            "triggers on the platform's tables auth.users.on_sign_up",
        ),
        ("create role readers", "roles readers"),
        ("create role outer_role; create role inner_role in role outer_role", "roles inner_role"),
    ],
)
def test_a_change_is_seen(change: str, seen: str, database: Connection, before: Snapshot) -> None:
    with database.transaction(force_rollback=True):
        database.execute("set local search_path to public")
        database.execute(change.encode())
        after = schema_snapshot(database, with_shared=True)
        found = [what for what, _, _ in differences(before, after)]
    assert any(what.startswith(seen) for what in found), found


def test_nothing_differs_where_nothing_was_changed(database: Connection, before: Snapshot) -> None:
    assert list(differences(before, schema_snapshot(database, with_shared=True))) == []


def test_what_every_project_has_of_its_own_is_left_out_unless_asked_for(database: Connection) -> None:
    assert {"extensions", "roles", "default privileges"} <= schema_snapshot(database, with_shared=True).keys()
    assert not {"extensions", "roles", "default privileges"} & schema_snapshot(database).keys()


def test_each_difference_has_both_definitions() -> None:
    assert list(differences({"a": {"x": "1", "y": "2"}}, {"a": {"y": "3"}, "b": {"z": "4"}})) == [
        ("a x", "1", None),
        ("a y", "2", "3"),
        ("b z", None, "4"),
    ]
