from ops.baseline import find_baseline
from release.schema_snapshot import Snapshot

EMPTY: Snapshot = {"tables": {}, "columns": {}}
FIRST: Snapshot = {"tables": {"public.a": "r"}, "columns": {"public.a": "id bigint"}}
SECOND: Snapshot = {"tables": {"public.a": "r"}, "columns": {"public.a": "id bigint, name text"}}
STEPS = [EMPTY, FIRST, SECOND]


def test_the_number_of_migrations_that_fits_is_found() -> None:
    assert [find_baseline(found, STEPS).applied for found in STEPS] == [0, 1, 2]


def test_a_migration_that_leaves_the_schema_as_it_is_counts_as_applied() -> None:
    assert find_baseline(FIRST, [EMPTY, FIRST, FIRST, SECOND]).applied == 2


def test_a_schema_that_fits_none_is_compared_with_the_nearest() -> None:
    found = {"tables": {"public.a": "r", "public.by_hand": "r"}, "columns": {"public.a": "id bigint, name text"}}
    result = find_baseline(found, STEPS)
    assert (result.applied, result.nearest) == (None, 2)
    assert result.differences == ("tables public.by_hand: made by no migration",)


def test_each_kind_of_difference_is_told() -> None:
    found = {"tables": {}, "columns": {"public.a": "id integer, name text"}}
    result = find_baseline(found, [SECOND])
    assert result.differences == (
        "columns public.a: is 'id integer, name text', the migrations make 'id bigint, name text'",
        "tables public.a: missing in the database",
    )
