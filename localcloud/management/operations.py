"""The operations of the Management API, found by method and path, and the permissions that each needs."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from localcloud.management.settings import contract

# What the CLI 3.1.0 calls beyond the published document, with the permission that its help names.
UNPUBLISHED = (
    ("GET", "/v1/projects/{ref}/analytics/endpoints/logs", "of CLI 3.1.0's `logs`", [["analytics_logs_read"]]),
)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        method: the HTTP method.
        path: the template, such as `/v1/projects/{ref}`.
        name: the document's operation id.
        permissions: the sets of permissions of which a scoped token needs one; none where the document names none.
    """

    method: str
    path: str
    name: str
    permissions: tuple[frozenset[str], ...]


@cache
def operations() -> tuple[Operation, ...]:
    """Give every operation that the platform is known to have."""
    return tuple(
        Operation(method=method, path=path, name=name, permissions=tuple(map(frozenset, permissions)))
        for method, path, name, permissions in (*contract()["operations"], *UNPUBLISHED)
    )


def find_operation(method: str, path: str) -> Operation | None:
    """Give the operation that a request means, or None where the platform is not known to have it."""
    parts = path.split("/")
    for template, operation in _by_shape()[method, len(parts)]:
        if all(known == part or known.startswith("{") for known, part in zip(template, parts, strict=True)):
            return operation
    return None


@cache
def _by_shape() -> defaultdict[tuple[str, int], list[tuple[list[str], Operation]]]:
    """Group the templates by method and number of parts, those with the fewest parameters first."""
    shapes: defaultdict[tuple[str, int], list[tuple[list[str], Operation]]] = defaultdict(list)
    for operation in sorted(operations(), key=lambda operation: operation.path.count("{")):
        parts = operation.path.split("/")
        shapes[operation.method, len(parts)].append((parts, operation))
    return shapes
