"""Database roles for people: made for some minutes by the API, without the project's password."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from starlette.requests import Request
from starlette.routing import Route

from localcloud.database.cluster import set_password
from localcloud.database.servers import Databases
from localcloud.management.lifecycle import require_active
from localcloud.management.requests import LoginRole
from localcloud.management.routing import CREATED, PROJECT, Router, read_body
from localcloud.management.state import ManagementState

_LIFETIME = timedelta(minutes=5)
# The role that a login may become, by whether it only reads.
_ROLES = {
    False: ("cli_login_postgres", "postgres"),
    True: ("cli_login_supabase_read_only_user", "supabase_read_only_user"),
}
_PATH = PROJECT + "/cli/login-role"


class LoginRoleApi:
    """The two operations; a role is made anew by each call, so an older password ends with it."""

    def __init__(self, state: ManagementState, databases: Databases, router: Router) -> None:
        """Take the projects, their databases, and the maker of routes."""
        self._state = state
        self._databases = databases
        self._router = router

    def routes(self) -> list[Route]:
        """Give the routes."""
        route = self._router.route
        return [route("POST", _PATH, self._create, CREATED), route("DELETE", _PATH, self._delete)]

    async def _create(self, request: Request) -> Any:
        body = await read_body(request, LoginRole)
        role, becomes = _ROLES[body.read_only]
        password = secrets.token_urlsafe(24)
        async with await self._connect(request) as connection, connection.transaction():
            await _drop(connection, role)
            until = (datetime.now(UTC) + _LIFETIME).isoformat()
            create = sql.SQL("create role {} login noinherit valid until {}")
            await connection.execute(create.format(sql.Identifier(role), until))
            await connection.execute(set_password(role, password))
            await connection.execute(
                sql.SQL("grant {} to {} with inherit false, set true").format(
                    sql.Identifier(becomes), sql.Identifier(role)
                )
            )
        return {"role": role, "password": password, "ttl_seconds": int(_LIFETIME.total_seconds())}

    async def _delete(self, request: Request) -> Any:
        async with await self._connect(request) as connection:
            for role, _ in _ROLES.values():
                await _drop(connection, role)
        return {"message": "ok"}

    async def _connect(self, request: Request) -> AsyncConnection[TupleRow]:
        project = require_active(self._state.project(request.path_params["ref"]))
        return await self._databases.connect(project.ref)


async def _drop(connection: AsyncConnection[TupleRow], role: str) -> None:
    await connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [role])
    await connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
