"""Who may call the Management API: the holders of this local cloud's access tokens, one of which only reads."""

import hmac
from collections.abc import Callable

from starlette.requests import Request

from localcloud.management.errors import PrivilegesError, UnauthorizedError

_READS = ("GET", "HEAD")
_READ_QUERY = "/database/query/read-only"


def token_check(token: str, read_token: str) -> Callable[[Request], None]:
    """Make the check that lets only requests with `Authorization: Bearer <token>` pass.

    Returns:
        A callable that raises UnauthorizedError for any other request, and PrivilegesError for one that would change
        something with `read_token`.
    """

    def require_token(request: Request) -> None:
        given = request.headers.get("authorization", "").encode()
        if hmac.compare_digest(given, f"Bearer {token}".encode()):
            return
        if not hmac.compare_digest(given, f"Bearer {read_token}".encode()):
            raise UnauthorizedError
        if request.method not in _READS and not request.url.path.endswith(_READ_QUERY):
            raise PrivilegesError

    return require_token
