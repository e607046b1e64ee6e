"""The local cloud as one application: every part, put together."""

import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from localcloud.anthropic import messages
from localcloud.api_error import ApiError
from localcloud.auth.keys import ProjectKeys
from localcloud.auth.service import AuthService
from localcloud.clock import Clock
from localcloud.control import ControlPlane, Controls, Disturbances
from localcloud.database.installation import Installation
from localcloud.database.pooler import Pooler
from localcloud.database.servers import Databases
from localcloud.functions.service import FunctionService
from localcloud.github.service import GitHubService
from localcloud.management.api import ManagementApi
from localcloud.management.authentication import token_check
from localcloud.management.function_secrets import FunctionSecrets
from localcloud.management.lifecycle import Lifecycle
from localcloud.management.rate_limit import RateLimit
from localcloud.management.settings import auth_settings
from localcloud.management.state import ManagementState
from localcloud.place import CACHE, HOST, Place
from localcloud.seed import Seed


class Parts:
    """The parts over one state; `LocalCloud.reset` replaces them all."""

    def __init__(self, place: Place, seed: Seed, installation: Installation, clock: Clock) -> None:
        """Read the state below the place's folder, or seed a new one."""
        credentials = place.credentials()
        ports = place.ports()
        assert ports is not None, "the ports are bound before the parts are made"  # noqa: S101
        url = f"http://{HOST}:{ports[0]}"
        self.state = ManagementState(place.directory / "supabase.json")
        if self.state.is_new:
            seed.plant(self.state, clock, credentials.supabase_db_password)
        self.databases = Databases(
            directory=place.directory / "databases",
            cache=CACHE,
            installation=installation,
            password=credentials.platform_password,
            project_password=lambda ref: self.state.project(ref).database_password,
            history=seed.history,
        )
        self.pooler = Pooler(self.databases, self._is_reachable)
        self.secrets = FunctionSecrets(self.state, clock, url=url, pooler=f"{HOST}:{ports[1]}")
        authorize = token_check(credentials.supabase_access_token, credentials.supabase_read_token)
        self.functions = FunctionService(
            place.directory / "functions",
            deno=_deno(),
            environment=self.secrets.environment,
            keys=self._keys,
            exists=self.state.exists,
            authorize=authorize,
        )
        self.auth = AuthService(
            connect=lambda ref: self.databases.connect(ref, "supabase_auth_admin"),
            keys=self._keys,
            exists=self.state.exists,
            autoconfirm=lambda ref: bool(auth_settings(self.state.project(ref))["mailer_autoconfirm"]),
        )
        self.github = GitHubService(place.directory / "github", seed.github(credentials.github_token), clock.now)
        self.lifecycle = Lifecycle(self.state, self.databases, clock, self.functions.forget)
        self.management = ManagementApi(
            state=self.state,
            databases=self.databases,
            lifecycle=self.lifecycle,
            secrets=self.secrets,
            authorize=authorize,
            pooler=(HOST, ports[1]),
        )

    def routes(self) -> list[BaseRoute]:
        """Give every route, what is not implemented last."""
        return [
            *self.management.routes(),
            *self.functions.management_routes(),
            *self.functions.gateway_routes(),
            *self.auth.gateway_routes(),
            *messages.routes(),
            *self.github.routes(),
            *self.management.remaining_routes(),
        ]

    async def close(self) -> None:
        """Stop everything that runs; what is stored stays."""
        await self.lifecycle.close()
        await self.functions.close()
        await self.pooler.close()
        await self.databases.close()

    def _keys(self, ref: str) -> ProjectKeys:
        return self.state.project(ref).keys

    def _is_reachable(self, ref: str) -> bool:
        return self.state.exists(ref) and self.state.project(ref).status == "ACTIVE_HEALTHY"


class LocalCloud:
    """One local cloud: an ASGI application, a pooler, and the control plane over both."""

    def __init__(
        self, place: Place, source: Path, installation: Installation, listen_pooler: Callable[[], Any]
    ) -> None:
        """Take the folder of the state, the project whose stack files seed it, and a maker of the pooler's socket."""
        self._place = place
        self._source = source
        self._installation = installation
        self._listen_pooler = listen_pooler
        self._clock = Clock()
        self._app = Starlette(
            lifespan=self._lifespan, exception_handlers={ApiError: _answer_api_error, 404: _answer_unknown}
        )
        self._rate_limit = RateLimit(self._app, self._clock)
        self._disturbances = Disturbances(self._rate_limit)
        self._parts: Parts | None = None

    @property
    def application(self) -> ASGIApp:
        """What the HTTP server runs."""
        return self._disturbances

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self._open()
        try:
            yield
        finally:
            await self._close()

    async def _open(self) -> None:
        parts = Parts(self._place, Seed.read(self._source), self._installation, self._clock)
        self._parts = parts
        self._app.router.routes[:] = [*self._control(parts).routes(), *parts.routes()]
        await parts.pooler.start(self._listen_pooler())
        parts.lifecycle.resume()

    async def _close(self) -> None:
        if self._parts:
            await self._parts.close()

    async def _reset(self) -> None:
        await self._close()
        for name in ("databases", "functions", "github"):
            shutil.rmtree(self._place.directory / name, ignore_errors=True)
        (self._place.directory / "supabase.json").unlink(missing_ok=True)
        shutil.rmtree(self._place.pulumi, ignore_errors=True)
        self._clock.offset = timedelta()
        self._disturbances.faults.clear()
        await self._open()

    def _control(self, parts: Parts) -> ControlPlane:
        def describe() -> dict[str, Any]:
            return {
                "directory": str(self._place.directory),
                "projects": [
                    {"ref": p.ref, "name": p.name, "organization": p.organization_slug, "status": p.status,
                     "database_pid": parts.databases.pid(p.ref)}
                    for p in parts.state.projects
                ],
            }  # fmt: skip

        def set_clock(offset: timedelta) -> None:
            self._clock.offset = offset

        def set_rate_limit(limit: int) -> None:
            self._rate_limit.limit = limit

        def set_plan(slug: str, plan: str) -> None:
            parts.state.organization(slug).plan = plan
            parts.state.save()

        return ControlPlane(
            Controls(
                describe=describe,
                reset=self._reset,
                set_clock=set_clock,
                set_rate_limit=set_rate_limit,
                override_status=parts.lifecycle.override_status,
                set_plan=set_plan,
                cold_start=parts.functions.model_cold_start,
                missing_function=parts.functions.model_missing,
            ),
            lambda: self._disturbances,
        )


async def _answer_api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - Starlette's type of a handler is wider than its use
    return JSONResponse(error.body(), error.status, error.headers)


async def _answer_unknown(request: Request, _: Exception) -> Response:
    message = f"{request.method} {request.url.path} is not implemented by the local cloud"
    return JSONResponse({"message": message}, 501)


def _deno() -> Path:
    """Find the Deno of the environment that runs the local cloud, else the one on PATH."""
    beside = Path(sys.executable).with_name("deno")
    return beside if beside.exists() else Path(shutil.which("deno") or beside)
