import pytest

from release.error import ReleaseError
from release.undo import is_transactional, read_undo


@pytest.mark.parametrize(
    ("script", "tables"),
    [
        ("drop table public.a, b;", ("public.a", "public.b")),
        ("drop materialized view reports.m;", ("reports.m",)),
        ("alter table a drop constraint c, drop column x;", ("public.a",)),
        ("alter table a alter column x type int using x::int;", ("public.a",)),
        ("alter table a drop constraint c;", ()),
        ("delete from only s.a where true; update a set x = 1; truncate b, s.c;",
         ("s.a", "public.a", "public.b", "s.c")),
        ("drop policy p on a; drop trigger t on a; drop function f(); drop index i; drop view v;", ()),
        ("drop table a; drop table a;", ("public.a",)),
    ],
)  # fmt: skip
def test_the_tables_whose_rows_an_undo_destroys_are_known(script: str, tables: tuple[str, ...]) -> None:
    assert read_undo("20260101000000", script).tables == tables


@pytest.mark.parametrize("script", ["do $$ begin delete from a; end $$;", "call p();", "drop type t cascade;"])
def test_an_undo_whose_harm_cannot_be_told_is_refused(script: str) -> None:
    with pytest.raises(ReleaseError, match=r"migration 20260101000000 runs a procedure or drops with `cascade`"):
        read_undo("20260101000000", script)


def test_an_undo_that_is_no_sql_is_refused() -> None:
    with pytest.raises(ReleaseError, match=r"is no SQL: syntax error.*Nothing was changed"):
        read_undo("20260101000000", "drop tabel a;")


@pytest.mark.parametrize(
    ("script", "transactional"),
    [
        ("drop table a;", True),
        ("drop index concurrently if exists i;", False),
        ("create index concurrently if not exists i on a (x);", False),
        ("create index i on a (x);", True),
    ],
)
def test_what_no_transaction_may_hold_is_told_apart(script: str, *, transactional: bool) -> None:
    assert is_transactional(script) is transactional
