"""The local GitHub as routes: credentials, rights, dispatch, ETags, limits, and errors as GitHub words them."""

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localcloud.github.authority import Authority, authorize
from localcloud.github.catalogue import find
from localcloud.github.errors import (
    BadCredentialsError,
    GitHubError,
    MalformedJsonError,
    RateLimitError,
)
from localcloud.github.git_http import GitHttp
from localcloud.github.graphql import execute, mutates
from localcloud.github.limits import Limits, Meter
from localcloud.github.operations import Answer, Call
from localcloud.github.permissions import accepted_permissions
from localcloud.github.seed import GitHubSeed, plant
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken, WantedToken, authenticate, issue, revoke

_REST = "/api/v3"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def _machine_time() -> datetime:
    return datetime.now(UTC)


class GitHubService:
    """GitHub's REST and GraphQL API over one store.

    Args:
        directory: where the state lives; the same again after a restart.
        seed: what must exist from the start.
        clock: gives the time, with its zone; dates and the limits follow it.
        limits: how much each caller may do; GitHub's own are the default.

    Raises:
        GitError: the repository cannot be created.
    """

    def __init__(
        self,
        directory: Path,
        seed: GitHubSeed,
        clock: Callable[[], datetime] = _machine_time,
        *,
        limits: Limits | None = None,
    ) -> None:
        self._seed = seed
        self.store = Store(directory, clock)
        self._meter = Meter(self.store, limits or Limits())
        with self.store.transaction():
            plant(self.store, seed)

    def routes(self) -> list[Route]:
        """Give every route, with full paths; calls that are not implemented answer 501 and name themselves."""
        return [
            *GitHttp(self.store, self._seed.tokens).routes(),
            Route("/api/graphql", self._graphql, methods=["POST"]),
            Route(f"{_REST}/{{path:path}}", self._rest, methods=_METHODS),
        ]

    def issue_token(self, wanted: WantedToken) -> str:
        """Issue a token."""
        with self.store.transaction():
            return issue(self.store, wanted)

    def revoke_token(self, value: str) -> None:
        """Let a token that was issued be accepted no more.

        Raises:
            BadCredentialsError: none was issued of that value.
        """
        with self.store.transaction():
            revoke(self.store, value)

    def limit(self, limits: Limits) -> None:
        """Set how much each caller may do from now on."""
        self._meter.limits = limits

    def set_plan(self, organization: str, plan: str) -> None:
        """Set an organisation's plan.

        Raises:
            NotFoundError: there is no such organisation.
        """
        with self.store.transaction():
            self.store.organization(organization)["plan"] = plan

    async def _rest(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("latin-1").partition("?")[0].removeprefix(_REST)
        content = await request.body()

        def answer(headers: dict[str, str]) -> Answer:
            token = self._authenticate(request, headers)
            method = "GET" if request.method == "HEAD" else request.method
            operation, parameters = find(method, path)
            accepted = accepted_permissions(method, operation.template)
            headers["X-Accepted-GitHub-Permissions"] = accepted
            if operation.template != "/rate_limit":
                named = f"{method} {operation.template}"
                self._spend(token, named, headers, writes=method != "GET", makes=method == "POST")
            with self.store.transaction():
                authority = Authority(self.store, token)
                authorize(authority, self.store, accepted, f"{method} {operation.template}", parameters)
                call = Call(
                    store=self.store,
                    actor=token,
                    authority=authority,
                    account=self._meter.account(token),
                    web=str(request.base_url).rstrip("/"),
                    method=method,
                    path=path,
                    parameters=parameters,
                    query=dict(request.query_params),
                    body=_parse(content),
                )
                given = operation.handler(call)
            if _is_unchanged(request, given):
                self._meter.give_back(token)
                headers |= self._meter.headers(token, "core")
            return given

        return await self._respond(request, answer)

    async def _graphql(self, request: Request) -> Response:
        content = await request.body()

        def answer(headers: dict[str, str]) -> Answer:
            token = self._authenticate(request, headers)
            body = _parse(content)
            writes = mutates(body)
            try:
                self._spend(token, "graphql", headers, writes=writes, makes=writes)
            except RateLimitError as error:
                return Answer(body={"errors": [{"type": "RATE_LIMITED", "message": error.message}]})
            with self.store.transaction():
                return Answer(body=execute(self.store, token, body))

        return await self._respond(request, answer)

    def _authenticate(self, request: Request, headers: dict[str, str]) -> GitHubToken:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "token"}:
            raise BadCredentialsError
        token = authenticate(self.store, self._seed.tokens, value)
        if token.expires_at is not None:
            expiry = token.expires_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            headers["GitHub-Authentication-Token-Expiration"] = expiry
        return token

    def _spend(self, token: GitHubToken, operation: str, headers: dict[str, str], *, writes: bool, makes: bool) -> None:
        try:
            self._meter.spend(token, operation, writes=writes, makes=makes)
        finally:
            headers |= self._meter.headers(token, "graphql" if operation == "graphql" else "core")

    async def _respond(self, request: Request, answer: Callable[[dict[str, str]], Answer]) -> Response:
        headers = _standing_headers()
        try:
            given = await run_in_threadpool(answer, headers)
        except GitHubError as error:
            given = Answer(body=error.body(), status=error.status, headers=error.headers)
        headers |= given.headers
        content = _content(given)
        if content:
            headers["Content-Type"] = "application/json; charset=utf-8"
        if tag := _tag(given):
            headers["ETag"] = tag
        if _is_unchanged(request, given):
            return Response(status_code=304, headers=headers)
        return Response(b"" if request.method == "HEAD" else content, given.status, headers)


def _content(given: Answer) -> bytes:
    return b"" if given.body is None else json.dumps(given.body, sort_keys=True).encode()


def _tag(given: Answer) -> str | None:
    content = _content(given)
    return f'W/"{hashlib.sha256(content).hexdigest()}"' if given.status in {200, 201} and content else None


def _is_unchanged(request: Request, given: Answer) -> bool:
    tag = request.headers.get("If-None-Match")
    return tag is not None and request.method in {"GET", "HEAD"} and tag == _tag(given)


def _standing_headers() -> dict[str, str]:
    return {
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-GitHub-Api-Version-Selected": "2022-11-28",
        "X-GitHub-Request-Id": secrets.token_hex(16).upper(),
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
