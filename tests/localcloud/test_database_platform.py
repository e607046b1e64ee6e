"""What ordinary migrations expect of a hosted database, as role postgres."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from localcloud.place import Place
from tests.conftest import LocalCloudUnderTest

Session = psycopg.Connection[TupleRow]


@pytest.fixture
def session(local_cloud: LocalCloudUnderTest) -> Iterator[Session]:
    """A transaction of role postgres that is rolled back, in the adopted project."""
    ref = local_cloud.api("GET", "/projects").json()[0]["ref"]
    ports = Place(local_cloud.directory).ports()
    assert ports is not None
    password = Place(local_cloud.directory).credentials().supabase_db_password
    with psycopg.connect(
        host="127.0.0.1", port=ports[1], user=f"postgres.{ref}", password=password, dbname="postgres"
    ) as connection:
        yield connection
        connection.rollback()


def test_it_is_the_version_of_hosted_projects(session: Session) -> None:
    assert session.info.server_version // 10000 == 17


def test_postgres_is_no_superuser_and_owns_the_database(session: Session) -> None:
    row = session.execute(
        "select rolsuper, rolcreaterole, rolbypassrls, pg_has_role('postgres', datdba, 'usage')"
        " from pg_roles, pg_database where rolname = 'postgres' and datname = 'postgres'"
    ).fetchone()
    assert row == (False, True, True, True)


def test_names_without_a_schema_are_found_as_on_the_platform(session: Session) -> None:
    assert session.execute("show search_path").fetchone() == ('"$user", public, extensions',)
    assert session.execute("select uuid_generate_v4() is not null, crypt('a', gen_salt('bf', 4)) <> ''").fetchone() == (
        True,
        True,
    )


def test_new_tables_are_open_to_the_api_roles_until_row_level_security(session: Session) -> None:
    session.execute("create table public.notes (owner uuid, body text)")
    session.execute("insert into public.notes values ('00000000-0000-0000-0000-000000000001', 'mine'), (null, 'x')")
    session.execute("set local role authenticated")
    assert session.execute("select count(*) from public.notes").fetchone() == (2,)
    session.execute("reset role")
    session.execute("alter table public.notes enable row level security")
    session.execute("create policy own on public.notes for select to authenticated using (owner = auth.uid())")
    session.execute("set local role authenticated")
    claims = '{"sub": "00000000-0000-0000-0000-000000000001", "role": "authenticated", "email": "a@example.com"}'
    session.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
    assert session.execute("select body, auth.role(), auth.email() from public.notes").fetchall() == [
        ("mine", "authenticated", "a@example.com")
    ]
    session.execute("reset role")
    session.execute("set local role service_role")
    assert session.execute("select count(*) from public.notes").fetchone() == (2,)


def test_a_migration_may_watch_new_users(session: Session) -> None:
    session.execute("create table public.profiles (id uuid primary key references auth.users (id) on delete cascade)")
    session.execute(
        "create function public.greet() returns trigger language plpgsql security definer set search_path = '' as"
        " $$ begin insert into public.profiles values (new.id); return new; end $$"
    )
    session.execute(
        "create trigger on_auth_user_created after insert on auth.users for each row execute function public.greet()"
    )
    session.execute("insert into auth.users (id, email) values (gen_random_uuid(), 'new@example.com')")
    assert session.execute("select count(*) from public.profiles").fetchone() == (1,)


def test_a_migration_may_add_policies_buckets_extensions_and_publish_tables(session: Session) -> None:
    session.execute("insert into storage.buckets (id, name) values ('pictures', 'pictures')")
    session.execute("create policy own on storage.objects for select using ((storage.foldername(name))[1] = 'a')")
    session.execute("create extension pg_trgm with schema extensions")
    session.execute("create table public.live (id int primary key)")
    session.execute("alter publication supabase_realtime add table public.live")
    assert session.execute("select storage.foldername('a/b/c.png'), storage.extension('a/c.png')").fetchone() == (
        ["a", "b"],
        "png",
    )


def test_anon_sees_no_users(session: Session) -> None:
    session.execute("set local role anon")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("select * from auth.users")


def test_rows_can_be_copied_without_triggers_and_people_read_by_another_role(session: Session) -> None:
    """As supautils lets postgres do it, and Auth's migration 20240612123726; the schema's use it can't pass on."""
    session.execute("set local session_replication_role = replica")
    session.execute("create role reader nologin bypassrls")
    session.execute("grant reader to current_user with set true")
    session.execute("grant select (id, email) on auth.users to reader")
    session.execute("grant usage on schema auth to reader")  # a warning: no privileges were granted
    session.execute("set local role reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("select id from auth.users")
