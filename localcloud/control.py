"""The control plane: what tests and people use to look at the local cloud and to disturb it."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localcloud import journal
from localcloud.github.limits import Limits
from localcloud.github.tokens import WantedToken
from localcloud.guard import is_own

_REMEMBERED = 2000  # requests


class Fault(BaseModel):
    """What happens to the calls that match.

    Attributes:
        method, path: regular expressions that must match the whole.
        skip: how many matching calls pass before the first that is hit.
        times: how many are hit; None means all of them.
        action: `respond` answers without the call being carried out, `delay` carries it out later, `drop_before`
            closes the connection instead of it, `drop_after` carries it out and closes the connection.
    """

    model_config = ConfigDict(extra="forbid")

    method: str = ".*"
    path: str
    skip: Annotated[int, Field(ge=0)] = 0
    times: Annotated[int, Field(ge=1)] | None = 1
    action: Literal["respond", "delay", "drop_before", "drop_after"]
    status: int = 500
    headers: dict[str, str] = {}
    body: Any = None
    seconds: Annotated[float, Field(ge=0)] = 0

    def hits(self, scope: Scope) -> bool:
        """Say whether this call is hit, and count it."""
        if not (re.fullmatch(self.method, scope["method"]) and re.fullmatch(self.path, scope["path"])):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class Disturbances:
    """Wraps an application: remembers its requests and applies faults to them.

    Attributes:
        requests: the last ones, as the journal describes them.
    """

    app: ASGIApp
    faults: list[Fault] = field(default_factory=list)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, disturbed or not."""
        if scope["type"] != "http" or is_own(scope["path"]):
            await self.app(scope, receive, send)
            return
        begin = time.monotonic()
        entry = journal.entry(scope)
        self.requests.append(entry)

        async def remember(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        try:
            await self._serve(scope, receive, remember, _Connection(send))
        finally:
            entry["seconds"] = round(time.monotonic() - begin, 4)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, connection: "_Connection") -> None:
        fault = next((fault for fault in self.faults if fault.hits(scope)), None)
        self.faults = [fault for fault in self.faults if fault.times != 0]
        if fault is None:
            await self.app(scope, receive, send)
            return
        await asyncio.sleep(fault.seconds)
        if fault.action == "respond":
            await JSONResponse(fault.body, fault.status, fault.headers)(scope, receive, send)
        elif fault.action == "delay":
            await self.app(scope, receive, send)
        else:
            if fault.action == "drop_after":
                await self.app(scope, receive, _swallow)
            connection.abort()


class _Connection:
    """The client's connection, which only the server's own `send` knows (uvicorn binds it to the transport)."""

    def __init__(self, send: Send) -> None:
        self._transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]

    def abort(self) -> None:
        """Close it without an answer."""
        self._transport.abort()


async def _swallow(_: Message) -> None:
    """Take an answer that nobody will get."""


class _Override(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: str | None
    polls: Annotated[int, Field(ge=1)] | None = None


class TokenLimits(BaseModel):
    """What an access token is limited to; what is left out is not limited.

    Attributes:
        user: whose token it is.
        permissions: those of a scoped token.
        organizations, projects: slugs and refs within its reach.
    """

    model_config = ConfigDict(extra="forbid")

    user: str | None = None
    permissions: list[str] | None = None
    organizations: list[str] | None = None
    projects: list[str] | None = None


class _Credential(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: str


@dataclass(frozen=True, kw_only=True)
class Controls:
    """What the control plane moves; each is a callable of the part that owns the matter.

    Attributes:
        describe: facts about the local cloud and its projects, free of secrets.
        reset: forget all state and start from the seed.
        set_clock: move the clock by an offset from the machine's.
        set_rate_limit: calls a minute for each Management API endpoint.
        override_status: show another status for a project, for a number of looks or until changed.
        set_plan: change an organisation's plan.
        fail_next: the status that the next project to come up ends in instead, or None.
        set_domain_records: ref, and whether its custom domain has the DNS records that were asked for.
        take_backup: take a project's nightly backup.
        set_read_only: ref, and whether the platform lets its database be read only.
        make_token: make an access token with limits, and give its value.
        cold_start: milliseconds that each start of a function takes longer.
        github_token: issue a GitHub token.
        github_revocation: let a GitHub token that was issued be accepted no more.
        github_limits: how fast GitHub may be asked.
        github_plan: change the plan of an organisation on GitHub.
        missing_function: ref, slug and number of requests that an ACTIVE function answers with 404.
    """

    describe: Callable[[], dict[str, Any]]
    reset: Callable[[], Awaitable[None]]
    set_clock: Callable[[timedelta], None]
    set_rate_limit: Callable[[int], None]
    override_status: Callable[[str, str | None, int | None], None]
    set_plan: Callable[[str, str], None]
    fail_next: Callable[[str | None], None]
    set_domain_records: Callable[[str, bool], None]
    take_backup: Callable[[str], Awaitable[None]]
    set_read_only: Callable[[str, bool], Awaitable[None]]
    make_token: Callable[[TokenLimits], str]
    cold_start: Callable[[int], None]
    missing_function: Callable[[str, str, int], None]
    github_token: Callable[[WantedToken], str]
    github_revocation: Callable[[str], None]
    github_limits: Callable[[Limits], None]
    github_plan: Callable[[str, str], None]


class ControlPlane:
    """The routes below /_control."""

    def __init__(self, controls: Controls, disturbances: Callable[[], Disturbances]) -> None:
        """Take what it moves, and where the faults are applied."""
        self._controls = controls
        self._disturbances = disturbances

    def routes(self) -> list[Route]:
        """Give the routes."""
        return [
            Route("/_control/health", self._state),
            Route("/_control/reset", self._reset, methods=["POST"]),
            Route("/_control/requests", self._requests),
            Route("/_control/requests", self._forget_requests, methods=["DELETE"]),
            Route("/_control/faults", self._faults),
            Route("/_control/faults", self._add_fault, methods=["POST"]),
            Route("/_control/faults", self._clear_faults, methods=["DELETE"]),
            Route("/_control/clock", self._clock, methods=["PUT"]),
            Route("/_control/rate-limit", self._rate_limit, methods=["PUT"]),
            Route("/_control/projects/{ref}/status", self._status, methods=["PUT"]),
            Route("/_control/organizations/{slug}/plan", self._plan, methods=["PUT"]),
            Route("/_control/supabase-tokens", self._token, methods=["POST"]),
            Route("/_control/next-start", self._next_start, methods=["PUT"]),
            Route("/_control/projects/{ref}/domain-records", self._domain_records, methods=["PUT"]),
            Route("/_control/projects/{ref}/backups", self._backup, methods=["POST"]),
            Route("/_control/projects/{ref}/read-only", self._read_only, methods=["PUT"]),
            Route("/_control/functions/cold-start", self._cold_start, methods=["PUT"]),
            Route("/_control/projects/{ref}/functions/{slug}/missing", self._missing, methods=["PUT"]),
            Route("/_control/github-tokens", self._github_token, methods=["POST"]),
            Route("/_control/github-tokens/revocations", self._github_revocation, methods=["POST"]),
            Route("/_control/github-limits", self._github_limits, methods=["PUT"]),
            Route("/_control/github-organizations/{login}/plan", self._github_plan, methods=["PUT"]),
        ]

    async def _state(self, _: Request) -> Response:
        return JSONResponse(self._controls.describe())

    async def _reset(self, _: Request) -> Response:
        await self._controls.reset()
        return JSONResponse(self._controls.describe())

    async def _requests(self, _: Request) -> Response:
        return JSONResponse(list(self._disturbances().requests))

    async def _forget_requests(self, _: Request) -> Response:
        self._disturbances().requests.clear()
        return Response(status_code=204)

    async def _faults(self, _: Request) -> Response:
        return JSONResponse([fault.model_dump() for fault in self._disturbances().faults])

    async def _add_fault(self, request: Request) -> Response:
        return await self._take(request, Fault, self._disturbances().faults.append)

    async def _clear_faults(self, _: Request) -> Response:
        self._disturbances().faults.clear()
        return Response(status_code=204)

    async def _clock(self, request: Request) -> Response:
        return await self._take(request, float, lambda offset: self._controls.set_clock(timedelta(seconds=offset)))

    async def _rate_limit(self, request: Request) -> Response:
        return await self._take(request, int, self._controls.set_rate_limit)

    async def _status(self, request: Request) -> Response:
        ref = request.path_params["ref"]
        return await self._take(
            request, _Override, lambda wanted: self._controls.override_status(ref, wanted.status, wanted.polls)
        )

    async def _plan(self, request: Request) -> Response:
        slug = request.path_params["slug"]
        return await self._take(request, str, lambda plan: self._controls.set_plan(slug, plan))

    async def _token(self, request: Request) -> Response:
        made: list[str] = []
        answer = await self._take(request, TokenLimits, lambda limits: made.append(self._controls.make_token(limits)))
        return JSONResponse({"token": made[0]}, 201) if made else answer

    async def _next_start(self, request: Request) -> Response:
        ends = Literal["INIT_FAILED", "RESTORE_FAILED", "INACTIVE"] | None
        return await self._take(request, ends, self._controls.fail_next)

    async def _domain_records(self, request: Request) -> Response:
        ref = request.path_params["ref"]
        return await self._take(request, bool, lambda there: self._controls.set_domain_records(ref, there))

    async def _backup(self, request: Request) -> Response:
        await self._controls.take_backup(request.path_params["ref"])
        return Response(status_code=204)

    async def _read_only(self, request: Request) -> Response:
        wanted: list[bool] = []
        answer = await self._take(request, bool, wanted.append)
        if wanted:
            await self._controls.set_read_only(request.path_params["ref"], wanted[0])
        return answer

    async def _cold_start(self, request: Request) -> Response:
        return await self._take(request, int, self._controls.cold_start)

    async def _missing(self, request: Request) -> Response:
        ref, slug = request.path_params["ref"], request.path_params["slug"]
        return await self._take(request, int, lambda requests: self._controls.missing_function(ref, slug, requests))

    async def _github_token(self, request: Request) -> Response:
        return await self._take(request, WantedToken, lambda wanted: {"token": self._controls.github_token(wanted)})

    async def _github_revocation(self, request: Request) -> Response:
        return await self._take(request, _Credential, lambda given: self._controls.github_revocation(given.token))

    async def _github_limits(self, request: Request) -> Response:
        return await self._take(request, Limits, self._controls.github_limits)

    async def _github_plan(self, request: Request) -> Response:
        login = request.path_params["login"]
        plan = Literal["free", "team", "enterprise"]
        return await self._take(request, plan, lambda wanted: self._controls.github_plan(login, wanted))

    async def _take(self, request: Request, model: Any, use: Callable[[Any], dict[str, str] | None]) -> Response:
        try:
            wanted = TypeAdapter(model).validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"message": str(error)}, status_code=400)
        answer = use(wanted)
        return Response(status_code=204) if answer is None else JSONResponse(answer, status_code=201)
