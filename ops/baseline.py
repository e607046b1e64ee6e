"""Which migrations a database without a ledger has had, found by comparing schemas."""

from collections.abc import Sequence
from dataclasses import dataclass

from release.schema_snapshot import Snapshot, differences


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What the comparison found.

    Attributes:
        applied: how many of the migrations, in their order, give the schema that was found; None where no number does.
        nearest: how many come nearest to it.
        differences: one line for each object that differs from the nearest; empty where one fits.
    """

    applied: int | None
    nearest: int
    differences: tuple[str, ...]


def find_baseline(found: Snapshot, steps: Sequence[Snapshot]) -> Baseline:
    """Compare a schema with those after each of a row of migrations.

    Args:
        found: the database's.
        steps: the schema before the first migration, after the first, and so on. Where several fit, the last counts:
            a migration that changes data alone can't be told from one that was not applied, and is taken as applied.
    """
    compared = [_compare(found, step) for step in steps]
    fitting = [number for number, differences in enumerate(compared) if not differences]
    if fitting:
        return Baseline(applied=fitting[-1], nearest=fitting[-1], differences=())
    nearest = min(range(len(compared)), key=lambda number: (len(compared[number]), -number))
    return Baseline(applied=None, nearest=nearest, differences=tuple(compared[nearest]))


def _compare(found: Snapshot, wanted: Snapshot) -> list[str]:
    lines = []
    for what, here, there in differences(found, wanted):
        if here is None:
            lines.append(f"{what}: missing in the database")
        elif there is None:
            lines.append(f"{what}: made by no migration")
        else:
            lines.append(f"{what}: is {here!r}, the migrations make {there!r}")
    return lines
