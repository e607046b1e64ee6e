"""What stands before the local project's services: its addresses, and a line for each request."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localcloud.dev.terminal import Terminal

_SERVICES = ("/auth/v1/", "/functions/v1/")
_STYLES = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}


class FrontDoor:
    """Serves one project at the root of the address, as `supabase start` does, and tells each request.

    Query strings and headers are not told: they may hold keys.
    """

    def __init__(self, app: ASGIApp, ref: str, terminal: Terminal) -> None:
        """Take the application, whose paths begin with /projects/REF, and the project's ref."""
        self._app = app
        self._prefix = f"/projects/{ref}"
        self._terminal = terminal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.monotonic()
        status = 0

        async def remember(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(self._inside(scope), receive, remember)
        finally:
            milliseconds = round((time.monotonic() - begin) * 1000)
            method, path = scope["method"], scope["path"]
            self._terminal.tell(
                "request", f"{method} {path} {status or 'no answer'} in {milliseconds} ms",
                style=_STYLES.get(status // 100, "red"), method=method, path=path, status=status, ms=milliseconds,
            )  # fmt: skip

    def _inside(self, scope: Scope) -> Scope:
        if not scope["path"].startswith(_SERVICES):
            return scope
        raw_path = self._prefix.encode() + scope["raw_path"]
        return {**scope, "path": self._prefix + scope["path"], "raw_path": raw_path}
