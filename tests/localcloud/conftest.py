import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import uvicorn
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from localcloud.api_error import ApiError
from tests.conftest import LocalCloudUnderTest

Serve = Callable[..., str]
Validate = Callable[[str, Any], None]

_CONTRACT = Path(__file__).parents[1] / "contracts" / "supabase-management-api.json"


def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return JSONResponse(error.body(), status_code=error.status, headers=dict(error.headers))


@contextmanager
def serving(routes: Sequence[BaseRoute], close: Callable[[], Awaitable[None]] | None = None) -> Iterator[str]:
    """Serve some routes on a port of their own, and give their address."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        if close:
            await close()

    # The protocol is named because asyncio sets TCP_NODELAY only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={ApiError: _refuse})
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda routes, close=None: stack.enter_context(serving(routes, close))


@pytest.fixture(scope="session")
def validate() -> Validate:
    """Hold an answer to a schema of the Management API's contract, fields that it does not know included."""
    components = json.loads(_CONTRACT.read_text(encoding="utf-8"))["components"]

    def check(name: str, body: Any) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        jsonschema.validate(body, schema)
        assert set(body) <= set(components["schemas"][name]["properties"])

    return check


@pytest.fixture(scope="session")
def openapi() -> OpenAPI:
    return OpenAPI.from_dict(json.loads(_CONTRACT.read_text(encoding="utf-8")))


@pytest.fixture
def call(local_cloud: LocalCloudUnderTest, openapi: OpenAPI) -> Callable[..., Any]:
    """Make a call, hold request and answer against the contract, and give the answer's JSON."""

    def make(method: str, path: str, body: Any = None, *, status: int, token: str | None = None) -> Any:
        answer = local_cloud.api(method, path, body, token=token)
        assert answer.status_code == status, answer.text
        _hold_against_contract(openapi, answer)
        return answer.json() if answer.content else None

    return make


def _hold_against_contract(openapi: OpenAPI, answer: httpx.Response) -> None:
    sent = answer.request
    request = MockRequest(
        "http://127.0.0.1",
        sent.method.lower(),
        sent.url.path,
        args=dict(sent.url.params),
        data=sent.content or None,
        headers=dict(sent.headers),
    )
    kind = answer.headers.get("content-type", "application/json")
    openapi.validate_request(request)
    openapi.validate_response(request, MockResponse(answer.content, answer.status_code, content_type=kind))
