"""What GraphQL answers have in common: pages of lists, mutations' payloads, unknown ids."""

from collections.abc import Callable

from graphql import GraphQLError

from localcloud.github.errors import NotFoundError
from localcloud.github.store import Json

_MAX_PAGE = 100

Page = Callable[..., Json]


def unknown_node(identifier: str) -> NotFoundError:
    """Refuse a global id that no object has."""
    return NotFoundError(f"Could not resolve to a node with the global id of '{identifier}'")


def payload(given: Json) -> Json:
    """Begin the answer of a mutation with what every one has."""
    return {"clientMutationId": given.get("clientMutationId")}


def connection(nodes: list[Json], first: int | None = None, after: str | None = None) -> Json:
    """Give one page of a list; a cursor is the position of the node it follows.

    Raises:
        GraphQLError: no `first` between 1 and 100.
    """
    if first is None or not 1 <= first <= _MAX_PAGE:
        raise GraphQLError("You must provide a `first` value between 1 and 100 to properly paginate this connection.")
    start = int(after) if after else 0
    end = min(start + first, len(nodes))
    info = {
        "startCursor": str(start + 1) if end > start else None,
        "endCursor": str(end) if end > start else None,
        "hasNextPage": end < len(nodes),
        "hasPreviousPage": start > 0,
    }
    return {"nodes": nodes[start:end], "pageInfo": info, "totalCount": len(nodes)}
