"""The local cloud as one application: every part, put together."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from localcloud import tools
from localcloud.answers import exception_handlers
from localcloud.anthropic import messages
from localcloud.auth.keys import ProjectKeys
from localcloud.auth.service import AuthService
from localcloud.clock import Clock
from localcloud.control import ControlPlane, Controls, Disturbances, TokenLimits
from localcloud.database.installation import Installation
from localcloud.database.pooler import Pooler
from localcloud.database.servers import Databases
from localcloud.functions.service import FunctionService
from localcloud.github.service import GitHubService
from localcloud.guard import Guard
from localcloud.logs.postgres import PostgresLog
from localcloud.logs.requests import RequestLog
from localcloud.logs.store import LogStore
from localcloud.management.access import OWNER, READING, Access, AccessToken, AccessTokens
from localcloud.management.advisors import AdvisorsApi
from localcloud.management.api import ManagementApi
from localcloud.management.api_keys import ApiKeysApi
from localcloud.management.backups import BackupsApi
from localcloud.management.custom_hostname import CustomHostnameApi
from localcloud.management.function_secrets import FunctionSecrets
from localcloud.management.lifecycle import Lifecycle
from localcloud.management.login_role import LoginRoleApi
from localcloud.management.logs import LogsApi
from localcloud.management.rate_limit import RateLimit
from localcloud.management.routing import Router
from localcloud.management.settings import auth_settings
from localcloud.management.state import ManagementState
from localcloud.place import CACHE, HOST, Place
from localcloud.seed import Seed
from localcloud.stack_tokens import stack_tokens
from localcloud.status import disturbances, repositories
from localcloud.status.migrations import Ledgers
from localcloud.status.page import StatusPage
from localcloud.status.projects import Projects

_REQUESTS_SHOWN = 100


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
        for folder in ("databases", "databases/snapshots", "functions"):
            _remove_orphans(place.directory / folder, self.state)
        self.logs = LogStore()
        self.tokens = AccessTokens(
            place.access_tokens,
            fixed={
                credentials.supabase_access_token: AccessToken(),
                credentials.supabase_read_token: AccessToken(permissions=READING),
            },
            seeded=stack_tokens(seed.stacks),
        )
        self.databases = Databases(
            directory=place.directory / "databases",
            cache=CACHE,
            installation=installation,
            password=credentials.platform_password,
            project_password=lambda ref: self.state.project(ref).database_password,
            history=seed.history,
            hear=PostgresLog(self.logs).note,
        )
        self.pooler = Pooler(self.databases, self._is_reachable)
        self.secrets = FunctionSecrets(self.state, clock, url=url, pooler=f"{HOST}:{ports[1]}")
        authorize = Access(self.tokens, self.state).check
        self.functions = FunctionService(
            place.directory / "functions",
            deno=tools.deno(),
            environment=self.secrets.environment,
            keys=self._keys,
            exists=self.state.exists,
            authorize=authorize,
            logs=self.logs,
        )
        self.auth = AuthService(
            connect=lambda ref: self.databases.connect(ref, "supabase_auth_admin"),
            keys=self._keys,
            exists=self.state.exists,
            autoconfirm=lambda ref: bool(auth_settings(self.state.project(ref))["mailer_autoconfirm"]),
        )
        self.github = GitHubService(place.directory / "github", seed.github(credentials), clock.now)
        self.lifecycle = Lifecycle(self.state, self.databases, clock, self._forget)
        router = Router(authorize)
        self.management = ManagementApi(
            state=self.state,
            databases=self.databases,
            lifecycle=self.lifecycle,
            secrets=self.secrets,
            router=router,
            pooler=(HOST, ports[1]),
        )
        self.api_keys = ApiKeysApi(self.state, clock, router)
        self.custom_hostname = CustomHostnameApi(self.state, router)
        self.backups = BackupsApi(self.state, self.databases, self.lifecycle, clock, router)
        self.login_role = LoginRoleApi(self.state, self.databases, router)
        self.advisors = AdvisorsApi(self.state, self.databases, router)
        self.log_queries = LogsApi(self.state, self.logs, clock, router)

    def management_routes(self) -> list[Route]:
        """Give the routes of the Management API's operations that are implemented."""
        return [
            *self.management.routes(),
            *self.api_keys.routes(),
            *self.custom_hostname.routes(),
            *self.backups.routes(),
            *self.login_role.routes(),
            *self.advisors.routes(),
            *self.log_queries.routes(),
            *self.functions.management_routes(),
        ]

    def routes(self) -> list[BaseRoute]:
        """Give every route, what is not implemented last."""
        return [
            *self.management_routes(),
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

    async def _forget(self, ref: str) -> None:
        await self.functions.forget(ref)
        self.logs.forget(ref)

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
        self._app = Starlette(lifespan=self._lifespan, exception_handlers=exception_handlers())
        self._parts: Parts | None = None
        self._rate_limit = RateLimit(self._app, self._clock, self._user)
        request_log = RequestLog(
            self._rate_limit,
            lambda: self._running.logs,
            self._deployment,
        )
        self._disturbances = Disturbances(request_log)
        self._guard = Guard(self._disturbances)

    @property
    def application(self) -> ASGIApp:
        """What the HTTP server runs."""
        return self._guard

    @property
    def _running(self) -> Parts:
        assert self._parts is not None, "requests come after the start"  # noqa: S101
        return self._parts

    def _deployment(self, ref: str, slug: str) -> dict[str, str] | None:
        return self._running.functions.deployment(ref, slug)

    def _user(self, authorization: str) -> str:
        token = self._running.tokens.find(authorization)
        return token.user if token else ""

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self._open()
        try:
            yield
        finally:
            await self._close()

    async def _open(self) -> None:
        seed = Seed.read(self._source)
        parts = Parts(self._place, seed, self._installation, self._clock)
        self._parts = parts
        own = [*self._control(parts).routes(), *self._status_page(parts, seed).routes()]
        self._app.router.routes[:] = [*own, *parts.routes()]
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
        self._running.tokens.forget_made()
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

        def make_token(limits: TokenLimits) -> str:
            sets = {name: frozenset(v) for name, v in limits.model_dump(exclude_none=True).items() if name != "user"}
            return parts.tokens.make(AccessToken(user=limits.user or OWNER, **sets))

        return ControlPlane(
            Controls(
                describe=describe,
                reset=self._reset,
                set_clock=set_clock,
                set_rate_limit=set_rate_limit,
                override_status=parts.lifecycle.override_status,
                set_plan=set_plan,
                fail_next=parts.lifecycle.fail_next,
                set_domain_records=parts.custom_hostname.set_records,
                take_backup=parts.backups.take_backup,
                set_read_only=parts.databases.set_read_only,
                make_token=make_token,
                cold_start=parts.functions.model_cold_start,
                missing_function=parts.functions.model_missing,
                github_token=parts.github.issue_token,
                github_revocation=parts.github.revoke_token,
                github_limits=parts.github.limit,
                github_plan=parts.github.set_plan,
            ),
            lambda: self._disturbances,
        )

    def _status_page(self, parts: Parts, seed: Seed) -> StatusPage:
        projects = Projects(
            state=parts.state,
            lifecycle=parts.lifecycle,
            functions=parts.functions,
            ledgers=Ledgers(parts.databases.connect_if_running),
            backend=seed.backend,
        )

        async def describe() -> dict[str, Any]:
            return {
                "clock_offset": self._clock.offset.total_seconds(),
                "projects": await projects.describe(),
                "repositories": repositories.describe(parts.github.store.committed()),
                "disturbances": [
                    *map(disturbances.fault, self._disturbances.faults),
                    *disturbances.clock(self._clock.offset),
                    *disturbances.rate_limit(self._rate_limit.limit),
                    *parts.functions.disturbances(),
                    *projects.disturbances(),
                ],
                "requests": [*self._disturbances.requests][: -_REQUESTS_SHOWN - 1 : -1],
            }

        return StatusPage(describe)


def _remove_orphans(folder: Path, state: ManagementState) -> None:
    """Remove what a project left that was deleted a moment before a kill."""
    for path in folder.glob("[a-z]" * 20 + "/"):
        if not state.exists(path.name):
            shutil.rmtree(path)
