"""The Management API's rate limit, per endpoint and project."""

from collections.abc import MutableMapping
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localcloud.clock import Clock
from localcloud.management.errors import TooManyRequestsError

PLATFORM_LIMIT = 120  # calls a minute; the x-ratelimit-limit header of the platform's recorded answers
_WINDOW = 60  # seconds


class RateLimit:
    """Counts calls below /v1/, tells the rest in headers, and refuses what is too much.

    Attributes:
        limit: calls a minute for one method and path, the path naming the project.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        """Wrap an application."""
        self.limit = PLATFORM_LIMIT
        self._app = app
        self._clock = clock
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 429."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        now = self._clock.now().timestamp()
        key = (scope["method"], scope["path"])
        begin, used = self._windows.get(key, (now, 0))
        if now - begin >= _WINDOW:
            begin, used = now, 0
        self._windows[key] = (begin, used + 1)
        headers = {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, self.limit - used - 1)),
            "x-ratelimit-reset": str(max(1, round(begin + _WINDOW - now))),
        }
        if used >= self.limit:
            error = TooManyRequestsError(headers)
            await JSONResponse(error.body(), error.status, error.headers)(scope, receive, send)
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                told: Message = message
                told["headers"] = [*told["headers"], *((k.encode(), v.encode()) for k, v in headers.items())]
            await send(message)

        await self._app(scope, receive, send_with_headers)
