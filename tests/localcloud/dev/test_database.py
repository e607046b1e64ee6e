import psycopg
import pytest

from tests.localcloud.dev.conftest import NOTES, DevLoop

TAGS = "migrations/20260102000000_tags.sql"


def test_a_new_migration_is_applied_and_a_broken_one_when_it_is_corrected(loop: DevLoop) -> None:
    assert loop.query("select id, body from public.notes") == [(1, "seeded")]
    loop.write(
        TAGS, "-- tags of notes\ncreate table public.tags (note int);\ninsert into public.tags\nselect nothing;\n"
    )
    told = loop.wait_for("error")
    assert told["message"].startswith('20260102000000_tags.sql:4: 42703: column "nothing" does not exist')
    assert "    4 | select nothing\n      |        ^" in told["message"]
    assert (told["line"], told["sqlstate"]) == (4, "42703")
    assert loop.query("select to_regclass('public.tags')") == [(None,)]
    loop.write(TAGS, "create table public.tags (note int);\n")
    loop.wait_for("migration", "20260102000000_tags.sql applied")
    assert loop.query("select count(*) from public.tags") == [(0,)]
    assert loop.query("select version, name from supabase_migrations.schema_migrations order by 1")[1] == (
        "20260102000000",
        "tags",
    )


def test_an_edited_migration_rebuilds_the_database_and_a_comment_does_not(loop: DevLoop) -> None:
    loop.query("insert into public.notes values (2, 'mine') returning id")
    loop.write("migrations/20260101000000_notes.sql", f"-- of the user\n{NOTES}")
    loop.write(TAGS, "create index concurrently if not exists notes_body on public.notes (body);\n")
    loop.wait_for("migration", "20260102000000_tags.sql applied")
    assert loop.query("select count(*) from public.notes") == [(2,)]

    loop.write("migrations/20260101000000_notes.sql", NOTES.replace("body text", "body txt"))
    told = loop.wait_for("error", "20260101000000_notes.sql:1: 42704")
    assert "The database was not rebuilt and stays as it was" in told["message"]
    assert loop.query("select count(*) from public.notes") == [(2,)]

    loop.write("migrations/20260101000000_notes.sql", NOTES.replace("body text", "more int default 7, body text"))
    loop.wait_for("rebuild", "20260101000000_notes.sql is applied, and was edited")
    assert loop.wait_for("rebuilt")["seconds"] > 0
    assert loop.query("select id, more from public.notes") == [(1, 7)]

    with pytest.raises(psycopg.errors.UniqueViolation):
        loop.query("insert into public.notes (id, body) values (1, 'again')")
    loop.wait_for("error", "database: ERROR 23505")  # of the new server

    loop.remove(TAGS)
    loop.wait_for("rebuild", "20260102000000_tags.sql is applied, and deleted, renamed or empty now")
    loop.wait_for("rebuilt")
    assert loop.query("select to_regclass('public.notes_body')") == [(None,)]


def test_what_the_database_refuses_a_client_is_told_once_and_migrations_not_twice(loop: DevLoop) -> None:
    loop.write(TAGS, "select 1 / 0;\n")
    loop.wait_for("error", "20260102000000_tags.sql:1: 22012")
    cause = "insert into public.notes values (1, 'again')"
    with pytest.raises(psycopg.errors.UniqueViolation):
        loop.query(cause)
    told = loop.wait_for("error", "database: ERROR 23505")
    assert f"statement: {cause}" in told["message"]
    assert loop.printed.count("division by zero") == 1
