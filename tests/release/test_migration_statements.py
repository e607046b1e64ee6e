import pytest

from release.migration_statements import find_refusals


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("create table a (id bigint);\ncommit;", "f.sql:2: transaction control"),
        ("begin;", "transaction control"),
        ("savepoint s;", "transaction control"),
        ("lock table a;", "LOCK TABLE"),
        ("alter type e add value 'new';\ninsert into a values ('new');", "the enum value 'new' is used"),
        ("create index concurrently i on a (b);", "may have to run twice"),
        ("select 1;\ncreate index concurrently if not exists i on a (b);", "f.sql:2: can't run in a transaction"),
        ("drop index concurrently i;", "may have to run twice"),
        ("vacuum a;\nselect 1;", "a file of its own"),
        ("alter system set work_mem = '1GB';", "may have to run twice"),
        ("create table a (id bigint;", "f.sql:1: syntax error"),
    ],
)
def test_what_the_cli_can_not_apply_exactly_once_is_refused(sql: str, reason: str) -> None:
    assert any(reason in refusal for refusal in find_refusals("f.sql", sql)), find_refusals("f.sql", sql)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- only a comment",
        "create table a (id bigint);\ncreate index i on a (id);",
        "create index concurrently if not exists i on a (b);",
        "drop index concurrently if exists i;",
        "alter type e add value 'new';",
        "alter type e add value 'new';\ninsert into a values ('old');",
        "do $$ begin perform 1; end $$;",
        "create function f() returns void language plpgsql as $$ begin commit; end $$;",
        "analyze a;\nselect 1;",
    ],
)
def test_what_it_can_is_not(sql: str) -> None:
    assert find_refusals("f.sql", sql) == []
