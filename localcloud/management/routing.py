"""How an operation becomes a route: the token's check, the handler, the answer's JSON."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.management.errors import InvalidRequestError

Handler = Callable[[Request], Awaitable[Any]]
PROJECT = "/v1/projects/{ref}"
CREATED = 201
T = TypeVar("T")


class Router:
    """Makes routes of handlers that give the answer's JSON; None is an empty answer."""

    def __init__(self, authorize: Callable[[Request], None]) -> None:
        """Take the check that every request must pass."""
        self._authorize = authorize

    def route(self, method: str, path: str, handler: Handler, status: int = 200) -> Route:
        """Make a route that answers `status` where the handler does not refuse."""

        async def endpoint(request: Request) -> Response:
            self._authorize(request)
            answer = await handler(request)
            return Response(status_code=status) if answer is None else JSONResponse(answer, status_code=status)

        return Route(path, endpoint, methods=[method])


async def read_body(request: Request, model: type[T]) -> T:
    """Read the JSON body as `model`.

    Raises:
        InvalidRequestError: it is none; the message names place and rule, never the value, which may be a secret.
    """
    try:
        return TypeAdapter(model).validate_json(await request.body())
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors()]
        raise InvalidRequestError("; ".join(problems)) from None
