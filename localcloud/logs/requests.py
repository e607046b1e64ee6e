"""Notes what the projects' own addresses served."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localcloud.logs.store import LogStore

_PROJECT = re.compile(r"/projects/(?P<ref>[a-z]{20})(?P<path>/(?:auth|functions)/v1/.*)")
_FUNCTION = re.compile(r"/functions/v1/([^/]+)")


class RequestLog:
    """Wraps an application: notes each request of a project's functions, and of its Auth, once it is answered.

    Of a request it keeps method, path, host and user agent: a query string and other headers may hold secrets.
    """

    def __init__(
        self, app: ASGIApp, store: Callable[[], LogStore], deployment: Callable[[str, str], Mapping[str, str] | None]
    ) -> None:
        """Take the application, the store, and what gives the facts of a project's function by ref and slug."""
        self._app = app
        self._store = store
        self._deployment = deployment

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        matched = _PROJECT.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if matched is None:
            await self._app(scope, receive, send)
            return
        begin, status = time.monotonic(), 500

        async def remember(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, remember)
        finally:
            elapsed = round((time.monotonic() - begin) * 1000)
            self._note(matched["ref"], matched["path"], _request(scope, matched["path"]), status, elapsed)

    def _note(self, ref: str, path: str, request: Mapping[str, Any], status: int, elapsed: int) -> None:
        message = f"{request['method']} | {status} | {request['url']}"
        function = _FUNCTION.match(path)
        if function is None:
            response = {"status_code": status, "origin_time": elapsed}
            self._store().add(ref, "edge_logs", message, {"identifier": ref, "request": request, "response": response})
            return
        attributes = {
            **(self._deployment(ref, function[1]) or {}),
            "project_ref": ref,
            "execution_time_ms": elapsed,
            "request": request,
            "response": {"status_code": status},
        }
        self._store().add(ref, "function_edge_logs", message, attributes)


def _request(scope: Scope, path: str) -> Mapping[str, Any]:
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode(errors="replace")
    return {
        "method": scope["method"],
        "host": host,
        "pathname": path,
        "path": path,
        "protocol": f"{scope['scheme']}:",
        "url": f"{scope['scheme']}://{host}{scope['path']}",
        "headers": {"user_agent": headers.get(b"user-agent", b"").decode(errors="replace")},
    }
