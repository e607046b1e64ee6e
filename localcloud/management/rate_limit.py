"""The Management API's rate limit: per user, project and endpoint."""

from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localcloud.clock import Clock
from localcloud.management.errors import TooManyRequestsError
from localcloud.management.operations import find_operation

PLATFORM_LIMIT = 120  # calls a minute; the x-ratelimit-limit header of the platform's recorded answers
# Endpoints with a lower one, by their path's end: recorded answers, the document, and the CLI's own text.
_LOWER = {"/custom-hostname": 10, "/analytics/endpoints/logs.all": 30, "/analytics/endpoints/logs": 10}
_WINDOW = 60  # seconds
_MOST_WINDOWS = 1000

Key = tuple[str, str, str]


class RateLimit:
    """Counts calls below /v1/, tells the rest in headers, and refuses what is too much.

    Attributes:
        limit: calls a minute for one endpoint of one project.
    """

    def __init__(self, app: ASGIApp, clock: Clock, user: Callable[[str], str]) -> None:
        """Take the application, the time, and what gives the user behind an `Authorization` header."""
        self.limit = PLATFORM_LIMIT
        self._app = app
        self._clock = clock
        self._user = user
        self._windows: dict[Key, tuple[float, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 429."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        headers, refused = self._count(scope)
        if refused:
            error = TooManyRequestsError(headers)
            await JSONResponse(error.body(), error.status, error.headers)(scope, receive, send)
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                told: Message = message
                told["headers"] = [*told["headers"], *((k.encode(), v.encode()) for k, v in headers.items())]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _count(self, scope: Scope) -> tuple[dict[str, str], bool]:
        """Count a call; give the headers that tell the rest, and whether it is one too many."""
        now = self._clock.now().timestamp()
        operation = find_operation(scope["method"], scope["path"])
        template = operation.path if operation else scope["path"]
        owner = "/".join(scope["path"].split("/")[:4])  # /v1/projects/REF, or an organisation
        key = (self._user(Headers(scope=scope).get("authorization", "")), owner, f"{scope['method']} {template}")
        begin, used = self._windows.get(key, (now, 0))
        if not 0 <= now - begin < _WINDOW:
            begin, used = now, 0
        if len(self._windows) >= _MOST_WINDOWS:
            self._windows = {k: window for k, window in self._windows.items() if 0 <= now - window[0] < _WINDOW}
        self._windows[key] = (begin, used + 1)
        limit = min(self.limit, next((n for end, n in _LOWER.items() if template.endswith(end)), self.limit))
        headers = {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(0, limit - used - 1)),
            "x-ratelimit-reset": str(max(1, round(begin + _WINDOW - now))),
        }
        return headers, used >= limit
