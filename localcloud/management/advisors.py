"""The security and the performance advisor of a project's database."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from localcloud.database.servers import Databases
from localcloud.management.errors import InvalidRequestError
from localcloud.management.lifecycle import require_active
from localcloud.management.lints import LINTS, Lint
from localcloud.management.routing import PROJECT, Router
from localcloud.management.settings import postgrest_settings
from localcloud.management.state import ManagementState

_GUIDE = "https://supabase.com/docs/guides/database/database-linter?lint="


class AdvisorsApi:
    """The two operations: every lint of one category, asked anew by each call."""

    def __init__(self, state: ManagementState, databases: Databases, router: Router) -> None:
        """Take the projects, their databases, and the maker of routes."""
        self._state = state
        self._databases = databases
        self._router = router

    def routes(self) -> list[Route]:
        """Give the routes."""
        route = self._router.route
        return [
            route("GET", PROJECT + "/advisors/security", self._find_in_security),
            route("GET", PROJECT + "/advisors/performance", self._find_in_performance),
        ]

    async def _find_in_security(self, request: Request) -> Any:
        if request.query_params.get("lint_type", "sql") != "sql":
            raise InvalidRequestError("lint_type: sql expected")
        return await self._find(request, "SECURITY")

    async def _find_in_performance(self, request: Request) -> Any:
        return await self._find(request, "PERFORMANCE")

    async def _find(self, request: Request, category: str) -> Any:
        project = require_active(self._state.project(request.path_params["ref"]))
        schemas = str(postgrest_settings(project)["db_schema"] or "").split(",")
        exposed = [schema.strip() for schema in schemas]
        findings = []
        async with await self._databases.connect(project.ref) as connection:
            for lint in LINTS:
                if lint.category == category:
                    rows = await connection.execute(lint.query, {"exposed": exposed})
                    findings += [_described(lint, *row) for row in await rows.fetchall()]
        return {"lints": findings}


def _described(lint: Lint, schema: str, name: str, detail: str, distinction: str) -> dict[str, Any]:
    return {
        "name": lint.name,
        "title": lint.title,
        "level": lint.level,
        "facing": "EXTERNAL",
        "categories": [lint.category],
        "description": lint.description,
        "detail": detail,
        "remediation": _GUIDE + lint.name,
        "metadata": {"schema": schema, "name": name, "type": lint.type},
        "cache_key": "_".join(part for part in (lint.name, schema, name, distinction) if part),
    }
