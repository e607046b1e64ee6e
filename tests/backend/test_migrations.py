import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow

from release.backend_source import read_backend
from release.function_source import find_unpinned
from release.migration_check import check_files
from release.migration_waivers import find_waivers
from release.schema_snapshot import schema_snapshot
from tests.backend.backend_project import BACKEND, BackendProject

MIGRATIONS = sorted((BACKEND / "supabase/migrations").glob("*.sql"))
ROLLBACKS = BACKEND / "supabase/rollbacks"
OWNER = "00000000-0000-4000-8000-000000000001"
STRANGER = "00000000-0000-4000-8000-000000000002"
PERSON = "00000000-0000-4000-8000-000000000003"
CONVERSATION = "00000000-0000-4000-8000-000000000004"

Connection = psycopg.Connection[TupleRow]


def _apply(connection: Connection, file: Path) -> None:
    """Run a file as the CLI does: all its statements in one implicit transaction."""
    connection.execute(file.read_bytes())


def _insert_rows(connection: Connection) -> None:
    users = "insert into auth.users (id, email) values (%s, 'owner@example.com'), (%s, 'stranger@example.com')"
    connection.execute(users, [OWNER, STRANGER])
    person = "insert into public.people (id, owner_id, name) values (%s, %s, 'Ada')"
    connection.execute(person, [PERSON, OWNER])
    conversation = "insert into public.conversations (id, owner_id, person_id) values (%s, %s, %s)"
    connection.execute(conversation, [CONVERSATION, OWNER, PERSON])
    message = "insert into public.messages (owner_id, conversation_id, role, content) values (%s, %s, %s, 'Hello')"
    for role in ("user", "assistant"):
        connection.execute(message, [OWNER, CONVERSATION, role])


def _as_user(connection: Connection, user: str) -> None:
    """Continue as a signed-in user, as the functions do."""
    connection.execute("set role authenticated")
    connection.execute("select set_config('request.jwt.claims', %s, false)", [f'{{"sub": "{user}"}}'])


def _count(connection: Connection, table: str) -> int:
    row = connection.execute(sql.SQL("select count(*) from public.{}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def test_every_migration_has_a_version_of_its_own_and_its_undo() -> None:
    names = [file.name for file in MIGRATIONS]
    assert all(re.fullmatch(r"\d{14}_[a-z_]+\.sql", name) for name in names)
    assert len({name[:14] for name in names}) == len(names) >= 6
    assert names == sorted(file.name for file in ROLLBACKS.iterdir())


def test_migrations_pass_the_linter() -> None:
    squawk = Path(sys.executable).with_name("squawk")
    told = subprocess.run([squawk, *MIGRATIONS], cwd=BACKEND, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


def test_migrations_and_undos_pass_every_check_of_a_release_and_waive_nothing() -> None:
    source = read_backend(BACKEND)
    assert check_files(BACKEND, source.migrations) == []
    assert find_waivers(source, source.migrations) == []


def test_functions_take_their_packages_by_exact_version() -> None:
    source = read_backend(BACKEND)
    assert [line for function in source.functions.values() for line in find_unpinned(BACKEND, function)] == []


def test_each_undo_restores_the_schema_before_its_migration(backend_project: BackendProject) -> None:
    backend_project.push()
    with backend_project.connection() as connection:
        snapshots = [schema_snapshot(connection)]
        for file in reversed(MIGRATIONS):
            _apply(connection, ROLLBACKS / file.name)
            snapshots.append(schema_snapshot(connection))
        assert not any(snapshots.pop().values()), "the first undo leaves something behind"
        for file in MIGRATIONS:
            _apply(connection, file)
            assert schema_snapshot(connection) == snapshots.pop(), f"after {file.name}"


def test_the_newest_migration_and_its_undo_keep_rows(backend_project: BackendProject) -> None:
    *_, newest = sorted((backend_project.copy / "supabase/migrations").glob("*.sql"))
    text = newest.read_bytes()
    newest.unlink()
    backend_project.push()
    with backend_project.connection() as connection:
        _insert_rows(connection)
        newest.write_bytes(text)
        backend_project.push()
        assert (_count(connection, "people"), _count(connection, "messages")) == (1, 2)
        _apply(connection, ROLLBACKS / newest.name)
        assert (_count(connection, "people"), _count(connection, "messages")) == (1, 2)


def test_rows_belong_to_their_owner(backend_project: BackendProject) -> None:
    backend_project.push()
    with backend_project.connection() as connection:
        _insert_rows(connection)
        tables = ("people", "conversations", "messages")
        _as_user(connection, OWNER)
        assert [_count(connection, table) for table in tables] == [1, 1, 2]
        _as_user(connection, STRANGER)
        assert [_count(connection, table) for table in tables] == [0, 0, 0]
        assert connection.execute("update public.people set name = 'Eve'").rowcount == 0
        assert connection.execute("delete from public.people").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into public.people (owner_id, name) values (%s, 'Eve')", [OWNER])
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute("insert into public.conversations (person_id) values (%s)", [PERSON])
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute(
                "insert into public.messages (conversation_id, role, content) values (%s, 'user', 'Hi')", [CONVERSATION]
            )
        connection.execute("set role anon")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _count(connection, "people")


def test_a_user_takes_all_rows_along(backend_project: BackendProject) -> None:
    backend_project.push()
    with backend_project.connection() as connection:
        _insert_rows(connection)
        connection.execute("delete from auth.users where id = %s", [OWNER])
        assert [_count(connection, table) for table in ("people", "conversations", "messages")] == [0, 0, 0]
