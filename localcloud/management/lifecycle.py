"""How projects come, pause and go, and when they are healthy."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import psycopg

from localcloud.clock import Clock
from localcloud.database.installation import DatabaseError
from localcloud.database.servers import Databases
from localcloud.management.errors import InvalidRequestError, OperationNotImplementedError
from localcloud.management.state import ManagementState, Project

FREE_SIZE, PAID_SIZE = "nano", "micro"  # what a project gets that asks for none
FREE_PROJECTS = 2  # active ones, counted over all organisations of a user; Supabase's pricing page
_COMING_UP = ("UNKNOWN", "COMING_UP", "RESTORING", "RESIZING")
_log = logging.getLogger(__name__)


class Lifecycle:
    """Moves projects from status to status while their real databases follow."""

    def __init__(
        self,
        state: ManagementState,
        databases: Databases,
        clock: Clock,
        forget: Callable[[str], Awaitable[None]],
    ) -> None:
        """Take what it works on; `forget` drops what other services hold of a deleted project."""
        self._state = state
        self._databases = databases
        self._clock = clock
        self._forget = forget
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failure: str | None = None
        self._overrides: dict[str, tuple[str, int | None]] = {}

    def resume(self) -> None:
        """Go on with what a stop interrupted."""
        for project in self._state.projects:
            if project.restoring:
                self._in_background(project, self._put_back(project, project.restoring))
            elif project.status in _COMING_UP:
                self._in_background(project, self._bring_up(project))
            elif project.status == "PAUSING":
                self._in_background(project, self._put_to_sleep(project))

    def create(
        self, *, name: str, organization_slug: str, region: str, password: str, size: str | None = None
    ) -> Project:
        """Create a project; it comes up in the background.

        Raises:
            OrganizationNotFoundError: no such organisation.
            InvalidRequestError: the limit of free projects is reached.
        """
        organization = self._state.organization(organization_slug)
        self._check_free_limit(organization.plan)
        project = self._state.add_project(
            name=name,
            organization_slug=organization_slug,
            region=region,
            created_at=self._clock.now().isoformat(),
            status="UNKNOWN",
            database_password=password,
        )
        project.instance_size = FREE_SIZE if organization.plan == "free" else size or PAID_SIZE
        self._in_background(project, self._bring_up(project))
        return project

    def resize(self, ref: str, size: str | None) -> None:
        """Give a project another size, None for the plan's own; its database restarts for it, as on the platform.

        Raises:
            InvalidRequestError: it is not active, or its plan has one size only.
        """
        project = self._in_status(ref, "ACTIVE_HEALTHY", "resized")
        if self._state.organization(project.organization_slug).plan == "free":
            raise InvalidRequestError("Organizations on the free plan have one compute size only")
        project.instance_size = size or PAID_SIZE
        self._set(project, "RESIZING")
        self._in_background(project, self._restart(project))

    def pause(self, ref: str) -> None:
        """Pause an active project: its server stops, its data stays.

        Raises:
            InvalidRequestError: it is not active, or on a paid plan, whose projects run always.
        """
        project = self._in_status(ref, "ACTIVE_HEALTHY", "paused")
        if self._state.organization(project.organization_slug).plan != "free":
            raise InvalidRequestError("Projects of organizations on a paid plan can not be paused")
        self._set(project, "PAUSING")
        self._in_background(project, self._put_to_sleep(project))

    def restore(self, ref: str) -> None:
        """Bring a paused project back.

        Raises:
            InvalidRequestError: it is not paused, or would be one free project too many.
        """
        project = self._in_status(ref, "INACTIVE", "restored")
        self._check_free_limit(self._state.organization(project.organization_slug).plan)
        self._set(project, "RESTORING")
        self._in_background(project, self._bring_up(project))

    async def cancel_restoration(self, ref: str) -> None:
        """Give up a restoration that is under way, or that failed: the project is paused again.

        Raises:
            InvalidRequestError: there is none, or it puts data back and has to end.
        """
        project = self._state.project(ref)
        if project.status not in ("RESTORING", "RESTORE_FAILED") or project.restoring:
            raise InvalidRequestError(f"Project is {project.status}: there is no restoration to cancel")
        if task := self._tasks.get(ref):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._put_to_sleep(project)

    def put_back(self, ref: str, snapshot: str) -> None:
        """Put an active project's database back to a snapshot, in the background.

        Raises:
            InvalidRequestError: it is not active.
        """
        project = self._in_status(ref, "ACTIVE_HEALTHY", "restored")
        project.restoring = snapshot
        self._set(project, "RESTORING")
        self._in_background(project, self._put_back(project, snapshot))

    @property
    def failing_next(self) -> str | None:
        """The status that `fail_next` has set and no project has ended in yet."""
        return self._failure

    def fail_next(self, status: str | None) -> None:
        """Let the next project that comes up end in `status` instead; None takes that back.

        INIT_FAILED and RESTORE_FAILED are the platform's own; INACTIVE is a restoration that bounces.
        """
        self._failure = status

    async def delete(self, ref: str) -> Project:
        """Delete a project with its data.

        Raises:
            InvalidRequestError: it is still coming up.
        """
        project = self._state.project(ref)
        if project.status in _COMING_UP:
            raise InvalidRequestError("Project not ready for deletion.")
        self._state.projects.remove(project)
        self._state.save()
        if task := self._tasks.get(ref):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._forget(ref)
        await self._databases.remove(ref)
        return project

    def status(self, project: Project) -> str:
        """Give the status that the API shows; an override that counts polls counts this one."""
        if project.ref not in self._overrides:
            return project.status
        status, polls = self._overrides[project.ref]
        if polls is not None:
            if polls <= 1:
                del self._overrides[project.ref]
            else:
                self._overrides[project.ref] = (status, polls - 1)
        return status

    def overridden(self, ref: str) -> str | None:
        """Give the status that is shown instead of the true one, if any; this is no look that counts."""
        return self._overrides[ref][0] if ref in self._overrides else None

    def override_status(self, ref: str, status: str | None, polls: int | None) -> None:
        """Show `status` instead of the true one, for `polls` looks or until it is changed; None ends it."""
        self._state.project(ref)
        if status is None:
            self._overrides.pop(ref, None)
        else:
            self._overrides[ref] = (status, polls)

    async def health(self, ref: str, services: list[str]) -> list[dict[str, Any]]:
        """Look at the services of a project, really.

        Raises:
            OperationNotImplementedError: a service that the local cloud does not run.
        """
        project = self._state.project(ref)
        status = self.status(project)
        error = "" if status == "ACTIVE_HEALTHY" else f"project is {status}"
        if not error:
            try:
                async with await self._databases.connect(ref) as connection:
                    await connection.execute("select 1")
            except (psycopg.Error, DatabaseError) as problem:
                error = str(problem)
        for service in services:
            if service not in {"auth", "db", "db_postgres_user", "pooler"}:
                raise OperationNotImplementedError(f"service {service}")
        state = "ACTIVE_HEALTHY" if not error else "COMING_UP" if status in _COMING_UP else "UNHEALTHY"
        answer = {"healthy": not error, "status": state, **({"error": error} if error else {})}
        return [{"name": service, **answer} for service in services]

    async def close(self) -> None:
        """End what goes on in the background; `resume` takes it up again."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _bring_up(self, project: Project) -> None:
        self._set(project, "COMING_UP" if project.status == "UNKNOWN" else project.status)
        failure, self._failure = self._failure, None
        if failure:
            await self._databases.stop(project.ref)
            self._set(project, failure)
            return
        try:
            await self._databases.start(project.ref)
        except (psycopg.Error, DatabaseError, OSError):
            _log.exception("project %s does not come up", project.ref)
            self._set(project, "INIT_FAILED" if project.status == "COMING_UP" else "RESTORE_FAILED")
        else:
            self._set(project, "ACTIVE_HEALTHY")

    async def _put_back(self, project: Project, snapshot: str) -> None:
        try:
            await self._databases.put_back(project.ref, snapshot)
            # The copy has the password of its time; what is known as the project's goes on being it.
            await self._databases.set_password(project.ref, project.database_password)
        except (psycopg.Error, DatabaseError, OSError):
            _log.exception("project %s can not be put back", project.ref)
            self._set(project, "RESTORE_FAILED")
            return
        project.restoring = None
        await self._bring_up(project)

    async def _restart(self, project: Project) -> None:
        await self._databases.stop(project.ref)
        await self._bring_up(project)

    async def _put_to_sleep(self, project: Project) -> None:
        await self._databases.stop(project.ref)
        self._set(project, "INACTIVE")

    def _set(self, project: Project, status: str) -> None:
        project.status = status
        self._state.save()

    def _in_status(self, ref: str, status: str, done: str) -> Project:
        project = self._state.project(ref)
        if project.status != status:
            raise InvalidRequestError(f"Project is {project.status} and can not be {done}")
        return project

    def _check_free_limit(self, plan: str) -> None:
        free = {organization.slug for organization in self._state.organizations if organization.plan == "free"}
        active = [p for p in self._state.projects if p.organization_slug in free and p.status != "INACTIVE"]
        if plan == "free" and len(active) >= FREE_PROJECTS:
            raise InvalidRequestError(
                "The following organization members have reached their maximum limits for the number of active free "
                "projects within organizations where they are an administrator or owner: "
                f"local ({FREE_PROJECTS} project limit). Please delete, pause, or upgrade one or more of these "
                "projects before creating a new project within this organization."
            )

    def _in_background(self, project: Project, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[project.ref] = task

        def forget(_: object) -> None:
            if self._tasks.get(project.ref) is task:
                del self._tasks[project.ref]

        task.add_done_callback(forget)


def require_active(project: Project) -> Project:
    """Give a project whose database can be reached.

    Raises:
        InvalidRequestError: it is in another status.
    """
    if project.status != "ACTIVE_HEALTHY":
        raise InvalidRequestError(f"Project is {project.status}: its database can not be reached")
    return project
