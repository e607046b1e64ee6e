"""Keeps the web pages of others away from what the local cloud has for its own user."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from localcloud.place import HOST

_NAMES = {HOST, "localhost"}


def is_own(path: str) -> bool:
    """Say whether a path is the status page's or the control plane's, and no emulated cloud's."""
    return path in {"/", "/_control"} or path.startswith("/_control/")


class Guard:
    """Refuses calls of the status page and the control plane that somebody's web page could have made.

    Neither asks for a credential, and a browser on this machine reaches both: a foreign site can let its own name
    resolve to the loopback address, which the header Host shows, or send a form here, which Origin shows.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        if scope["type"] == "http" and is_own(scope["path"]):
            headers = Headers(scope=scope)
            host, origin = headers.get("host", ""), headers.get("origin")
            if host.rpartition(":")[0] not in _NAMES and host not in _NAMES:
                wrong = f"the request was sent to the host {host!r}"
            elif origin not in {None, f"http://{host}"}:
                wrong = f"a page of {origin!r} sent the request"
            else:
                wrong = ""
            if wrong:
                message = f"Refused, as {wrong}: only this machine's own pages may. Use http://{HOST} with the port."
                await JSONResponse({"message": message}, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)
