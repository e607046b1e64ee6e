"""What a function served in a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Milliseconds. The logs are asked for counts by these bounds, so that the answer stays small whatever was served.
BOUNDS = (10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 150_000)
_PART = 0.95


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Requests of one function.

    Attributes:
        requests: how many.
        errors: how many of them were answered with a status of 500 or above.
        slow_ms: the bound within which 95 of 100 were answered, of `BOUNDS`; None where there were none.
    """

    requests: int = 0
    errors: int = 0
    slow_ms: int | None = None

    @property
    def error_rate(self) -> float:
        """The part of the requests that failed, 0 to 1."""
        return self.errors / self.requests if self.requests else 0.0


def summarize(rows: Iterable[Mapping[str, Any]]) -> dict[str, Traffic]:
    """Give what each function served, by its id.

    Args:
        rows: `function_id`, `bound` (of `BOUNDS`), `requests` and `errors`, in any order.
    """
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(str(row["function_id"]), []).append(row)
    return {function: _summarize(found) for function, found in grouped.items()}


def _summarize(rows: list[Mapping[str, Any]]) -> Traffic:
    total, seen = sum(int(row["requests"]) for row in rows), 0
    slow = None
    for row in sorted(rows, key=lambda row: int(row["bound"])):
        seen += int(row["requests"])
        if seen >= total * _PART:
            slow = int(row["bound"])
            break
    return Traffic(requests=total, errors=sum(int(row["errors"]) for row in rows), slow_ms=slow)
