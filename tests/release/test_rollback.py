import pytest

from release.error import ReleaseError
from release.live_state import KnownHashes
from release.record import Record
from release.rollback import plan_rollback, refuse_outdated


def record(number: int, *, digest: str, kind: str = "release", migrations: int = 0, **functions: str) -> Record:
    versions = tuple(f"2026010{index}000000" for index in range(migrations))
    return Record(
        number=number,
        kind=kind,
        digest=digest,
        tree="t",
        commit="c",
        dirty=False,
        by="ada",
        at="2026-01-01T00:00:00Z",
        migrations=versions,
        functions=functions,
        undo={version: f"undo-{version}" for version in versions[1:]},
    )


RECORDS = (
    record(1, digest="one", migrations=1, health="h1"),
    record(2, digest="two", migrations=2, health="h2"),
    record(3, digest="bad", kind="failed", migrations=2, health="h3"),
    record(4, digest="two", migrations=2, health="h2"),
    record(5, digest="three", migrations=3, health="h5", chat="c5"),
    record(6, digest="worse", kind="failed", migrations=3, health="h6", chat="c5"),
)


def test_the_release_before_is_gone_back_to_and_what_failed_never_was_live() -> None:
    plan = plan_rollback(RECORDS, KnownHashes(), to=None, with_migrations=False)
    assert (plan.left.number, plan.target.number) == (5, 4)
    assert plan.newer == ("chat",)
    assert (plan.undo, plan.staying) == ((), ("20260102000000",))


def test_migrations_are_undone_the_newest_first() -> None:
    plan = plan_rollback(RECORDS[:5], KnownHashes(), to=1, with_migrations=True)
    assert plan.target.number == 1
    assert (plan.undo, plan.staying) == (("20260102000000", "20260101000000"), ())


def test_what_is_on_hold_is_gone_back_to_only_by_number() -> None:
    held = KnownHashes(held={"two": "since …"})
    assert plan_rollback(RECORDS, held, to=None, with_migrations=False).target.number == 1
    assert plan_rollback(RECORDS, held, to=4, with_migrations=False).target.number == 4


@pytest.mark.parametrize("to", [3, 5, 6, 99])
def test_what_was_not_live_before_is_no_target(to: int) -> None:
    with pytest.raises(ReleaseError, match=rf"no release {to} before 5 .* live before: 1, 2, 4\."):
        plan_rollback(RECORDS, KnownHashes(), to=to, with_migrations=False)


def test_without_a_release_there_is_nothing_to_roll_back() -> None:
    with pytest.raises(ReleaseError, match="Nothing was released here yet"):
        plan_rollback([], KnownHashes(), to=None, with_migrations=False)
    with pytest.raises(ReleaseError, match="no other release before 1"):
        plan_rollback(RECORDS[:1], KnownHashes(), to=None, with_migrations=False)


def test_a_migration_without_an_archived_undo_is_not_undone() -> None:
    records = (record(1, digest="none"), record(2, digest="some", migrations=1))
    with pytest.raises(ReleaseError, match="20260100000000 were released without an undo script"):
        plan_rollback(records, KnownHashes(), to=None, with_migrations=True)


def test_a_plan_is_not_carried_out_over_what_was_released_since() -> None:
    plan = plan_rollback(RECORDS[:5], KnownHashes(), to=None, with_migrations=False)
    refuse_outdated(plan, RECORDS)  # what failed since never was live
    with pytest.raises(ReleaseError, match="by now release 7 is live"):
        refuse_outdated(plan, [*RECORDS, record(7, digest="repair", migrations=3, health="h7", chat="c5")])
