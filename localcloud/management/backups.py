"""A project's backups and restore points: copies of its data, put back on demand."""

import secrets
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from localcloud.clock import Clock
from localcloud.database.servers import Databases
from localcloud.management.errors import InvalidRequestError, PlanError, RestorePointNotFoundError
from localcloud.management.lifecycle import Lifecycle, require_active
from localcloud.management.requests import Backup, PointInTime, RestorePoint
from localcloud.management.routing import CREATED, PROJECT, Router, read_body
from localcloud.management.state import ManagementState, Project

_PATH = PROJECT + "/database/backups"


class BackupsApi:
    """The operations; the platform's nightly backup is taken when the control plane says that it is night."""

    def __init__(
        self, state: ManagementState, databases: Databases, lifecycle: Lifecycle, clock: Clock, router: Router
    ) -> None:
        """Take the projects, their databases and lives, the time, and the maker of routes."""
        self._state = state
        self._databases = databases
        self._lifecycle = lifecycle
        self._clock = clock
        self._router = router

    def routes(self) -> list[Route]:
        """Give the routes."""
        route = self._router.route
        return [
            route("GET", _PATH, self._list),
            route("POST", _PATH + "/restore", self._restore, CREATED),
            route("POST", _PATH + "/restore-pitr", self._restore_point_in_time, CREATED),
            route("GET", _PATH + "/restore-point", self._get_point),
            route("POST", _PATH + "/restore-point", self._create_point, CREATED),
            route("POST", _PATH + "/undo", self._undo, CREATED),
        ]

    async def take_backup(self, ref: str) -> None:
        """Take the nightly backup of a project now.

        Raises:
            PlanError: the plan has none.
            InvalidRequestError: the project is not active.
        """
        project = require_active(self._paid(ref))
        snapshot = await self._take(project)
        number = 1 + max((backup["id"] for backup in project.backups), default=0)
        project.backups.append({"id": number, "snapshot": snapshot, "inserted_at": self._clock.now().isoformat()})
        self._state.save()

    async def _list(self, request: Request) -> Any:
        project = self._state.project(request.path_params["ref"])
        facts = {"is_physical_backup": True, "status": "COMPLETED"}
        return {
            "region": project.region,
            "walg_enabled": True,
            "pitr_enabled": False,
            "backups": [
                {"id": backup["id"], "inserted_at": backup["inserted_at"], **facts}
                for backup in reversed(project.backups)
            ],
            "physical_backup_data": {},
        }

    async def _restore(self, request: Request) -> None:
        project = self._paid(request.path_params["ref"])
        wanted = (await read_body(request, Backup)).id
        snapshots = [backup["snapshot"] for backup in project.backups if backup["id"] == wanted]
        if not snapshots:
            raise InvalidRequestError(f"Backup {wanted} does not exist")
        self._lifecycle.put_back(project.ref, snapshots[0])

    async def _restore_point_in_time(self, request: Request) -> None:
        await read_body(request, PointInTime)
        self._paid(request.path_params["ref"])
        raise PlanError("Point in time recovery is not enabled for this project: it has not the add-on pitr")

    async def _create_point(self, request: Request) -> Any:
        project = require_active(self._paid(request.path_params["ref"]))
        name = (await read_body(request, RestorePoint)).name
        if name in project.restore_points:
            raise InvalidRequestError(f"Restore point {name} exists already")
        snapshot = await self._take(project)
        project.restore_points[name] = {"snapshot": snapshot, "completed_on": self._clock.now().isoformat()}
        self._state.save()
        return _described(project, name)

    async def _get_point(self, request: Request) -> Any:
        project = self._state.project(request.path_params["ref"])
        newest = next(reversed(project.restore_points), "")
        return _described(project, request.query_params.get("name", newest))

    async def _undo(self, request: Request) -> None:
        project = self._paid(request.path_params["ref"])
        point = _point(project, (await read_body(request, RestorePoint)).name)
        self._lifecycle.put_back(project.ref, point["snapshot"])

    async def _take(self, project: Project) -> str:
        snapshot = secrets.token_hex(8)
        await self._databases.take_snapshot(project.ref, snapshot)
        return snapshot

    def _paid(self, ref: str) -> Project:
        project = self._state.project(ref)
        if self._state.organization(project.organization_slug).plan == "free":
            raise PlanError("Backups and restore points are not available on the free plan: upgrade the organization")
        return project


def _point(project: Project, name: str) -> dict[str, str]:
    try:
        return project.restore_points[name]
    except KeyError:
        raise RestorePointNotFoundError from None


def _described(project: Project, name: str) -> dict[str, str]:
    return {"name": name, "status": "AVAILABLE", "completed_on": _point(project, name)["completed_on"]}
