import os
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest

from localcloud.place import Place
from tests.conftest import LocalCloudUnderTest


@pytest.fixture(scope="module")
def ref(local_cloud: LocalCloudUnderTest) -> str:
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    return local_cloud.create_project("pooled", organization)


def _password(cloud: LocalCloudUnderTest) -> str:
    return Place(cloud.directory).credentials().supabase_db_password


def _connect(cloud: LocalCloudUnderTest, user: str, password: str) -> psycopg.Connection[psycopg.rows.TupleRow]:
    ports = Place(cloud.directory).ports()
    assert ports is not None
    return psycopg.connect(
        host="127.0.0.1", port=ports[1], user=user, password=password, dbname="postgres", autocommit=True
    )


def test_the_user_name_leads_to_the_project(local_cloud: LocalCloudUnderTest, ref: str) -> None:
    adopted = local_cloud.api("GET", "/projects").json()[0]["ref"]
    with _connect(local_cloud, f"postgres.{ref}", _password(local_cloud)) as connection:
        connection.execute("create table only_here ()")
    with (
        _connect(local_cloud, f"postgres.{adopted}", _password(local_cloud)) as connection,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        connection.execute("select from only_here")


@pytest.mark.parametrize("user", ["postgres", "postgres.", f"postgres.{'z' * 20}", ".x"])
def test_an_unknown_tenant_is_refused_as_supavisor_does(local_cloud: LocalCloudUnderTest, user: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="Tenant or user not found"):
        _connect(local_cloud, user, "any").close()


def test_a_wrong_password_is_refused(local_cloud: LocalCloudUnderTest, ref: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        _connect(local_cloud, f"postgres.{ref}", "wrong").close()


def test_a_changed_password_counts_at_once(local_cloud: LocalCloudUnderTest, ref: str) -> None:
    old = _password(local_cloud)
    path = f"/projects/{ref}/database/password"
    assert local_cloud.api("PATCH", path, {"password": "changed-9f2e"}).status_code == 200
    try:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            _connect(local_cloud, f"postgres.{ref}", old).close()
        _connect(local_cloud, f"postgres.{ref}", "changed-9f2e").close()
    finally:
        local_cloud.api("PATCH", path, {"password": old})
    assert local_cloud.api("PATCH", path, {"password": "abc"}).status_code == 400


def test_a_cancel_request_finds_its_server(local_cloud: LocalCloudUnderTest, ref: str) -> None:
    with _connect(local_cloud, f"postgres.{ref}", _password(local_cloud)) as connection:
        timer = threading.Timer(0.5, connection.cancel_safe)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("select pg_sleep(60)")
        timer.join()


def test_much_data_passes_both_ways(local_cloud: LocalCloudUnderTest, ref: str) -> None:
    with _connect(local_cloud, f"postgres.{ref}", _password(local_cloud)) as connection:
        big = "x" * 5_000_000
        row = connection.execute("select %s || 'y', length(%s)", (big, big)).fetchone()
        assert row == (f"{big}y", 5_000_000)


def test_many_sessions_at_once(local_cloud: LocalCloudUnderTest, ref: str) -> None:
    sessions = [_connect(local_cloud, f"postgres.{ref}", _password(local_cloud)) for _ in range(20)]
    pids = {session.execute("select pg_backend_pid()").fetchone() for session in sessions}
    for session in sessions:
        session.close()
    assert len(pids) == 20


def test_supabase_db_push(local_cloud: LocalCloudUnderTest, ref: str, tmp_path: Path) -> None:
    migrations = tmp_path / "supabase" / "migrations"
    migrations.mkdir(parents=True)
    (tmp_path / "supabase" / "config.toml").write_text('project_id = "pushed"\n')
    (migrations / "20260101000000_first.sql").write_text(
        "create table public.pushed (id uuid primary key default extensions.gen_random_uuid(),"
        " owner uuid references auth.users (id) default auth.uid());\n"
        "alter table public.pushed enable row level security;\n"
        "create policy own on public.pushed using (owner = auth.uid());\n"
    )
    environment = local_cloud.environment
    (pooler,) = local_cloud.api("GET", f"/projects/{ref}/config/database/pooler").json()
    address = pooler["connection_string"].replace(":[YOUR-PASSWORD]", "")
    told = subprocess.run(
        ["supabase", "db", "push", f"--remote={address}", "--yes"],
        cwd=tmp_path,
        env={**os.environ, **environment, "HOME": str(tmp_path), "PGPASSWORD": environment["SUPABASE_DB_PASSWORD"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr
    with _connect(local_cloud, f"postgres.{ref}", _password(local_cloud)) as connection:
        assert connection.execute("select version, name from supabase_migrations.schema_migrations").fetchall() == [
            ("20260101000000", "first")
        ]
        assert connection.execute("select count(*) from public.pushed").fetchone() == (0,)
