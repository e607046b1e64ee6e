"""The local GitHub as routes: credentials, dispatch, ETags, rate limit, and errors as GitHub words them."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localcloud.github.catalogue import find
from localcloud.github.errors import (
    BadCredentialsError,
    ForbiddenError,
    GitHubError,
    MalformedJsonError,
)
from localcloud.github.git_http import GitHttp
from localcloud.github.graphql import execute
from localcloud.github.operations import Answer, Call
from localcloud.github.seed import GitHubSeed, plant
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken, authenticate, issue_for_app, issue_for_user

_REST = "/api/v3"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_HOUR = 3600


def _machine_time() -> datetime:
    return datetime.now(UTC)


class GitHubService:
    """GitHub's REST and GraphQL API over one store.

    Args:
        directory: where the state lives; the same again after a restart.
        seed: what must exist from the start.
        clock: gives the time, with its zone; dates and the rate limit follow it.
        hourly_limit: how many calls an hour are answered; GitHub's own limit for a user is the default.

    Raises:
        GitError: the repository cannot be created.
    """

    def __init__(
        self,
        directory: Path,
        seed: GitHubSeed,
        clock: Callable[[], datetime] = _machine_time,
        *,
        hourly_limit: int = 5000,
    ) -> None:
        self._seed = seed
        self._limit = hourly_limit
        self._window = 0.0
        self._used = 0
        self.store = Store(directory, clock)
        with self.store.transaction():
            plant(self.store, seed)

    def routes(self) -> list[Route]:
        """Give every route, with full paths; calls that are not implemented answer 501 and name themselves."""
        return [
            *GitHttp(self.store, self._seed.tokens).routes(),
            Route("/api/graphql", self._graphql, methods=["POST"]),
            Route(f"{_REST}/{{path:path}}", self._rest, methods=_METHODS),
        ]

    def issue_token(self, *, login: str | None, app: str | None) -> str:
        """Issue a token for the user of a login, else for an app."""
        with self.store.transaction():
            return (issue_for_user(self.store, login) if login else issue_for_app(self.store, app or "")).value

    async def _rest(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("latin-1").partition("?")[0].removeprefix(_REST)
        content = await request.body()

        def answer() -> Answer:
            token = self._authenticate(request)
            method = "GET" if request.method == "HEAD" else request.method
            handler, parameters = find(method, path)
            with self.store.transaction():
                call = Call(
                    store=self.store,
                    actor=token,
                    web=str(request.base_url).rstrip("/"),
                    method=method,
                    path=path,
                    parameters=parameters,
                    query=dict(request.query_params),
                    body=_parse(content),
                )
                return handler(call)

        return await self._respond(request, answer)

    async def _graphql(self, request: Request) -> Response:
        content = await request.body()

        def answer() -> Answer:
            token = self._authenticate(request)
            with self.store.transaction():
                return Answer(body=execute(self.store, token, _parse(content)))

        return await self._respond(request, answer)

    def _authenticate(self, request: Request) -> GitHubToken:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "token"}:
            raise BadCredentialsError
        token = authenticate(self.store, self._seed.tokens, value)
        time = self.store.clock().timestamp()
        if time - self._window >= _HOUR:
            self._window, self._used = time, 0
        self._used += 1
        if self._used > self._limit:
            number = token.app_id or self.store.user(token.login)["id"]
            raise ForbiddenError(f"API rate limit exceeded for user ID {number}.")
        return token

    async def _respond(self, request: Request, answer: Callable[[], Answer]) -> Response:
        try:
            given = await run_in_threadpool(answer)
        except GitHubError as error:
            given = Answer(body=error.body(), status=error.status, headers=error.headers)
        content = b"" if given.body is None else json.dumps(given.body, sort_keys=True).encode()
        headers = {**self._standing_headers(), **given.headers}
        if content:
            headers["Content-Type"] = "application/json; charset=utf-8"
        if given.status in {200, 201} and content:
            headers["ETag"] = f'W/"{hashlib.sha256(content).hexdigest()}"'
            if request.method in {"GET", "HEAD"} and request.headers.get("If-None-Match") == headers["ETag"]:
                return Response(status_code=304, headers=headers)
        return Response(b"" if request.method == "HEAD" else content, given.status, headers)

    def _standing_headers(self) -> Mapping[str, str]:
        return {
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Api-Version-Selected": "2022-11-28",
            "X-GitHub-Request-Id": secrets.token_hex(16).upper(),
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(max(0, self._limit - self._used)),
            "X-RateLimit-Used": str(self._used),
            "X-RateLimit-Reset": str(int(self._window + _HOUR)),
            "X-RateLimit-Resource": "core",
            "Cache-Control": "private, max-age=60, s-maxage=60",
        }


def _parse(content: bytes) -> Json:
    if not content.strip():
        return {}
    try:
        body = json.loads(content)
    except ValueError:
        raise MalformedJsonError from None
    if not isinstance(body, dict):
        raise MalformedJsonError
    return body
