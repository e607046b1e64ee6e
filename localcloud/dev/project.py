"""The local project: its database, Auth and functions, apart from every stack's."""

import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette

from localcloud import tools
from localcloud.answers import exception_handlers
from localcloud.anthropic import messages
from localcloud.auth.keys import ProjectKeys
from localcloud.auth.service import AuthService
from localcloud.clock import Clock
from localcloud.database.installation import Installation
from localcloud.database.pooler import Pooler
from localcloud.database.servers import Databases
from localcloud.dev.backend import Backend, BackendError
from localcloud.dev.database import DevDatabase
from localcloud.dev.environment_file import EnvironmentFile
from localcloud.dev.front_door import FrontDoor
from localcloud.dev.functions import DevFunctions
from localcloud.dev.server_log import ServerLog
from localcloud.dev.terminal import Terminal
from localcloud.functions.gateway import Gateway
from localcloud.functions.workers import Key, Workers
from localcloud.management.function_secrets import FunctionSecrets
from localcloud.management.state import ManagementState, Project
from localcloud.place import CACHE, HOST, Place

_IDLE = 600.0  # seconds until a function without requests is stopped


class DevProject:
    """All parts of the local project over the folder of its state.

    Attributes:
        application: what the HTTP server runs.
        url: the project's address, root of `/auth/v1` and `/functions/v1`.
    """

    def __init__(
        self, place: Place, backend: Backend, secrets: EnvironmentFile, terminal: Terminal, ports: tuple[int, int]
    ) -> None:
        """Take the state's place, the work tree, the functions' secrets, whom to tell, HTTP's and pooler's port."""
        self._backend = backend
        self._secrets = secrets
        self._terminal = terminal
        self._credentials = place.credentials()
        self.url = f"http://{HOST}:{ports[0]}"
        self._database_port = ports[1]
        self._project = self._remember(place)
        ref = self._project.ref
        self._databases = Databases(
            directory=place.directory / "databases",
            cache=CACHE,
            installation=Installation(tools.postgres()),
            password=self._credentials.platform_password,
            project_password=lambda _: self._project.database_password,
            hear=lambda _, line: self._log.hear(line),
        )
        self._pooler = Pooler(self._databases, lambda wanted: wanted == ref, sole=ref)
        self._platform = FunctionSecrets(self._state, Clock(), url=self.url, pooler=f"{HOST}:{ports[1]}")
        deno = tools.deno()
        self._workers = Workers(deno, idle=_IDLE, hear=self._tell_line)
        self.functions = DevFunctions(
            ref=ref,
            folder=backend.folder,
            deno=deno,
            workers=self._workers,
            environment=self._environment,
            terminal=terminal,
        )
        self.database = DevDatabase(
            ref, self._databases, self._project.database_password, lambda: self._backend, terminal
        )
        self._log = ServerLog(self.database.sessions.__contains__, terminal)
        self.application = FrontDoor(self._routes(ref), ref, terminal)

    @property
    def backend(self) -> Backend:
        """The work tree, as its config.toml was when it could last be read."""
        return self._backend

    def read_backend(self) -> None:
        """Read config.toml again; one that is wrong is told, and the last good one goes on counting."""
        try:
            self._backend = Backend.read(self._backend.folder)
        except BackendError as error:
            self._terminal.complain(str(error))

    async def open(self, listener: socket.socket, *, reset: bool) -> None:
        """Bring up the database, made where it is missing.

        Raises:
            DatabaseError: the database could not be made or started.
        """
        ref = self._project.ref
        if reset:
            await self._databases.remove(ref)
        with self._terminal.progress("starting the database (made from scratch the first time) …"):
            await self._databases.start(ref)
        await self._pooler.start(listener)

    async def close(self) -> None:
        """End every process; what is stored stays."""
        await self._workers.close()
        await self._pooler.close()
        await self._databases.close()

    def keys(self) -> Mapping[str, str]:
        """Give the project's address and keys by the names that tools expect."""
        keys = self._project.keys
        return {
            "SUPABASE_URL": self.url,
            "SUPABASE_PUBLISHABLE_KEY": keys.publishable or "",
            "SUPABASE_ANON_KEY": keys.anon,
            "SUPABASE_SECRET_KEY": keys.secret or "",
            "SUPABASE_SERVICE_ROLE_KEY": keys.service_role,
            "SUPABASE_DB_URL": self.database_url(self._project.database_password),
        }

    def database_url(self, password: str) -> str:
        """Give the address of the database with a password, or what stands for it."""
        return f"postgresql://postgres:{quote(password, safe='')}@{HOST}:{self._database_port}/postgres"

    def _remember(self, place: Place) -> Project:
        self._state = ManagementState(place.directory / "supabase.json")
        if self._state.is_new:
            self._state.add_project(
                name=self._backend.config.project_id,
                organization_slug="local",
                region="local",
                created_at=datetime.now(UTC).isoformat(),
                status="ACTIVE_HEALTHY",
                database_password=self._credentials.supabase_db_password,
            )
        return self._state.projects[0]

    def _routes(self, ref: str) -> Starlette:
        def keys(_: str) -> ProjectKeys:
            return self._project.keys

        def exists(wanted: str) -> bool:
            return wanted == ref

        gateway = Gateway(self.functions, self._workers, self.functions.order, keys, exists)
        auth = AuthService(
            connect=lambda ref: self._databases.connect(ref, "supabase_auth_admin"),
            keys=keys,
            exists=exists,
            autoconfirm=lambda _: not self._backend.config.auth.email.enable_confirmations,
            address=lambda _: self.url,
        )
        routes = [*gateway.routes(), *auth.gateway_routes(), *messages.routes()]
        return Starlette(routes=routes, exception_handlers=exception_handlers())

    def _environment(self) -> Mapping[str, str]:
        """Give what the functions see; Anthropic's local stand-in answers where the file names no key of its own."""
        platform = {**self._platform.environment(self._project.ref), "SUPABASE_URL": self.url}
        stand_in = {"ANTHROPIC_API_KEY": self._credentials.anthropic_api_key}
        stand_in["ANTHROPIC_BASE_URL"] = platform.pop("ANTHROPIC_BASE_URL")
        return {**({} if "ANTHROPIC_API_KEY" in self._secrets.values else stand_in), **self._secrets.values, **platform}

    def _tell_line(self, key: Key, text: str, facts: Mapping[str, Any]) -> None:
        if facts["event_type"] != "Log":
            return
        level = facts["level"]
        style = "red" if level == "error" else ""
        self._terminal.tell("console", f"[{key[1]}] {text}", style=style, function=key[1], level=level, line=text)
