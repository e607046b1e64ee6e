"""The address at which a project's functions are called."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

import httpx
import jwt
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from localcloud.auth.keys import ProjectKeys
from localcloud.functions.errors import (
    FunctionBlobNotFoundError,
    IdleTimeoutError,
    InvalidAsymmetricJwtError,
    InvalidJwtFormatError,
    InvalidLegacyJwtError,
    NoAuthorizationHeaderError,
    RequestedFunctionNotFoundError,
    UnsupportedTokenAlgorithmError,
    WorkerError,
)
from localcloud.functions.store import FunctionRecord
from localcloud.functions.workers import Key, Worker, WorkerOrder, Workers

_REQUEST_TIMEOUT = 150.0  # seconds without a byte; the platform's
_OF_ONE_CONNECTION = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"expect"}
_TIMEOUTS = {"connect": 5.0, "pool": 5.0, "read": _REQUEST_TIMEOUT, "write": _REQUEST_TIMEOUT}
_PATIENCE_WITH_LEAVING = 1.0  # seconds
_SERVER_ERROR = 500


class Catalogue(Protocol):
    """What there is to serve; `FunctionStore` is one."""

    def find(self, ref: str, slug: str) -> FunctionRecord | None:
        """Give a function's record."""

    def has_files(self, ref: str, record: FunctionRecord) -> bool:
        """Whether the record's version can run."""


class Gateway:
    """The ASGI application behind /projects/{ref}/functions/v1/{slug}/…: checks, finds the worker, relays both ways.

    A function sees the path from its slug on, as on the platform.

    Attributes:
        missing: requests of a function that are still to be answered NOT_FOUND_FUNCTION_BLOB.
        called: when each function was last called, in milliseconds of the epoch.
    """

    def __init__(
        self,
        store: Catalogue,
        workers: Workers,
        order: Callable[[str, FunctionRecord], WorkerOrder],
        keys: Callable[[str], ProjectKeys],
        exists: Callable[[str], bool],
    ) -> None:
        self.missing: Counter[Key] = Counter()
        self.called: dict[Key, int] = {}
        self._store = store
        self._workers = workers
        self._order = order
        self._keys = keys
        self._exists = exists

    def routes(self) -> list[BaseRoute]:
        """Give the routes under /projects/{ref}/functions/v1."""
        base = "/projects/{ref}/functions/v1/{slug}"
        return [Route(base, self), Route(f"{base}/{{rest:path}}", self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            GatewayError: refused before the function answered anything.
        """
        request = Request(scope, receive)
        key = (request.path_params["ref"], request.path_params["slug"])
        record = self._active(key)
        self.called[key] = int(time.time() * 1000)
        if self.missing[key] > 0:
            self.missing[key] -= 1
            raise FunctionBlobNotFoundError
        if record.verify_jwt and request.method != "OPTIONS":
            _check_jwt(request, self._keys(key[0]))
        while True:
            async with self._workers.lease(key, lambda: self._order(key[0], self._active(key))) as worker:
                try:
                    answer = await self._forward(request, worker)
                except httpx.ConnectError:
                    # It ended on its own after its last answer; nothing of this request has been read yet.
                    await worker.process.wait()
                    continue
                try:
                    return await _relay(answer, receive, send)
                finally:
                    await answer.aclose()

    def _active(self, key: Key) -> FunctionRecord:
        record = self._store.find(*key) if self._exists(key[0]) else None
        if record is None or record.status != "ACTIVE":
            raise RequestedFunctionNotFoundError
        if not self._store.has_files(key[0], record):
            raise FunctionBlobNotFoundError
        return record

    async def _forward(self, request: Request, worker: Worker) -> httpx.Response:
        prefix = f"/projects/{request.path_params['ref']}/functions/v1".encode()
        target = request.scope["raw_path"].removeprefix(prefix)
        if request.scope["query_string"]:
            target += b"?" + request.scope["query_string"]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        try:
            return await worker.connections.handle_async_request(
                httpx.Request(
                    request.method,
                    httpx.URL(f"http://127.0.0.1:{worker.port}").copy_with(raw_path=target),
                    headers=[item for item in request.headers.raw if item[0].lower() not in _OF_ONE_CONNECTION],
                    content=request.stream() if has_body else None,
                    extensions={"timeout": _TIMEOUTS},
                )
            )
        except httpx.TimeoutException:
            raise IdleTimeoutError from None
        except httpx.ConnectError:
            raise
        except httpx.TransportError:
            raise WorkerError from None


async def _relay(answer: httpx.Response, receive: Receive, send: Send) -> None:
    """Pass the answer on as it comes, until it ends or the client goes."""
    headers = [
        item
        for item in answer.headers.raw
        if item[0].lower() not in _OF_ONE_CONNECTION and item[0].lower() != b"transfer-encoding"
    ]
    if answer.status_code >= _SERVER_ERROR:
        headers.append((b"sb-error-code", b"EDGE_FUNCTION_ERROR"))

    async def answering() -> None:
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        async for chunk in answer.aiter_raw():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def leaving() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.create_task(answering()), asyncio.create_task(leaving())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        # A client may leave as soon as it has the whole answer, a moment before this side knows that it was whole.
        await asyncio.wait(tasks[:1], timeout=_PATIENCE_WITH_LEAVING)
        if tasks[0].done():
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


def _check_jwt(request: Request, keys: ProjectKeys) -> None:
    """Hold the request to the platform's check: a JWT of the project, a user's or a legacy key."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        raise NoAuthorizationHeaderError
    scheme, _, token = authorization.partition(" ")
    try:
        algorithm = jwt.get_unverified_header(token)["alg"] if scheme.lower() == "bearer" else None
    except (jwt.InvalidTokenError, KeyError):
        algorithm = None
    if algorithm is None:
        raise InvalidJwtFormatError
    try:
        keys.verify(token)
    except jwt.InvalidTokenError:
        if algorithm == "HS256":
            raise InvalidLegacyJwtError from None
        if algorithm in {"ES256", "RS256"}:
            raise InvalidAsymmetricJwtError from None
        raise UnsupportedTokenAlgorithmError from None
