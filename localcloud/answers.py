"""What an application of the local cloud answers where no operation does."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from localcloud.api_error import ApiError


def exception_handlers() -> Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """Give Starlette's handlers: an API's own refusal, and 501 for what is not implemented."""
    return {ApiError: _answer_api_error, 404: _answer_unknown}


async def _answer_api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - Starlette's type of a handler is wider than its use
    return JSONResponse(error.body(), error.status, error.headers)


async def _answer_unknown(request: Request, _: Exception) -> Response:
    message = f"{request.method} {request.url.path} is not implemented by the local cloud"
    return JSONResponse({"message": message}, 501)
