"""Who may call the Management API: the holder of this local cloud's access token."""

import hmac
from collections.abc import Callable

from starlette.requests import Request

from localcloud.management.errors import UnauthorizedError


def token_check(token: str) -> Callable[[Request], None]:
    """Make the check that lets only requests with `Authorization: Bearer <token>` pass.

    Returns:
        A callable that raises UnauthorizedError for any other request.
    """
    expected = f"Bearer {token}".encode()

    def require_token(request: Request) -> None:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
            raise UnauthorizedError

    return require_token
