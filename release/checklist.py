"""What was found of a release besides its smoke tests: by `ops validate`, and by people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter

from release.error import ReleaseError
from release.live_state import check_rows

PRESENCE_QUERY = "select to_regclass('release.checklist') is not null as checklist"
CHECKLIST_QUERY = (
    "select digest, item, passed, told, checked_by, to_char(checked_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as at"
    " from release.checklist"
)


class _Row(BaseModel):
    digest: str
    item: str
    passed: bool
    told: str
    checked_by: str
    at: str


_ROWS = TypeAdapter(list[_Row])


@dataclass(frozen=True, kw_only=True)
class ChecklistItem:
    """One item of one release.

    Attributes:
        digest: the release hash.
        item: its name.
        passed: whether it holds.
        told: what was found, or said.
        by: who found it.
        at: when, UTC.
    """

    digest: str
    item: str
    passed: bool
    told: str
    by: str
    at: str


def read_checklist(rows: Sequence[Mapping[str, Any]]) -> tuple[ChecklistItem, ...]:
    """Read the rows of `CHECKLIST_QUERY`.

    Raises:
        ReleaseError: they are something else.
    """
    check_rows(_ROWS, rows, "the checklist of releases")
    return tuple(
        ChecklistItem(
            digest=str(row["digest"]), item=str(row["item"]), passed=bool(row["passed"]), told=str(row["told"]),
            by=str(row["checked_by"]), at=str(row["at"]),
        )
        for row in rows
    )  # fmt: skip


def refuse_unchecked(
    stack: str, digest: str, validated_by: str, required: Iterable[str], checklist: Iterable[ChecklistItem]
) -> None:
    """Refuse a release of which something that has to hold is not known to hold.

    Args:
        stack: the environment's stack.
        digest: the release hash.
        validated_by: the stack whose checklist it is.
        required: names of the items that have to hold.
        checklist: what is known there, of whatever release.

    Raises:
        ReleaseError: an item is missing or does not hold.
    """
    known = {entry.item: entry for entry in checklist if entry.digest == digest}
    missing = [
        f"  {item}: {'does not hold: ' + known[item].told if item in known else 'not checked'}"
        for item in required
        if item not in known or not known[item].passed
    ]
    if missing:
        listed = "\n".join(missing)
        raise ReleaseError(
            f"Release {digest[:12]} may not go to {stack}: of what promotion.requires asks of {validated_by}, this is"
            f" missing:\n{listed}\nNothing was changed. Remedy: python -m ops validate --stack {validated_by}; it"
            " also ticks what people have tried."
        )
