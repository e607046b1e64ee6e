"""The status page over HTTP: its files, and the data that it asks for, once a second while somebody looks at it.

It asks instead of being told by a stream, since an open stream would hold up the stop of the local cloud.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

_FILES = {
    "/": ("page.html", "text/html"),
    "/_control/status/page.css": ("page.css", "text/css"),
    "/_control/status/page.js": ("page.js", "text/javascript"),
    "/_control/status/icon.svg": ("icon.svg", "image/svg+xml"),
}
_HEADERS = {
    # Names on the page come from anywhere; none of them can become a script, a style or a request.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class StatusPage:
    """The routes of the page and of its data; nothing is done between two requests."""

    def __init__(self, describe: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        """Take what gives the data as JSON."""
        self._describe = describe

    def routes(self) -> list[Route]:
        """Give the routes."""
        return [*(Route(path, _file) for path in _FILES), Route("/_control/status", self._data)]

    async def _data(self, request: Request) -> Response:
        """Answer with the data, or 304 where the page has it already."""
        content = json.dumps(await self._describe()).encode()
        headers = {**_HEADERS, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="application/json", headers=headers)


async def _file(request: Request) -> Response:
    name, media_type = _FILES[request.url.path]
    return FileResponse(Path(__file__).with_name(name), media_type=media_type, headers=_HEADERS)
