"""What the page tells of the Supabase projects: never keys, passwords or the values of secrets."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.functions.service import FunctionService
from localcloud.management.lifecycle import Lifecycle
from localcloud.management.state import ManagementState, Project
from localcloud.status.migrations import Ledger, Ledgers, compare, files

_ACTIVE = "ACTIVE_HEALTHY"
# What a status means: a tone for the eye, the health in a word, and what that is. The first three are of an active
# project, by what its database does.
_HEALTH = {
    "running": ("good", "healthy", "the database answers"),
    "asleep": ("idle", "ready", "the database starts at its first use"),
    "silent": ("bad", "unhealthy", "the database does not answer"),
    "UNKNOWN": ("busy", "coming up", "it is being created"),
    "COMING_UP": ("busy", "coming up", "its database is being started"),
    "RESTORING": ("busy", "coming up", "it is being restored"),
    "RESIZING": ("busy", "coming up", "it restarts in another size"),
    "PAUSING": ("busy", "pausing", "its database is being stopped"),
    "INACTIVE": ("idle", "paused", "its data is kept, nothing answers"),
    "INIT_FAILED": ("bad", "failed", "it could not be created; the log of the local cloud says why"),
    "RESTORE_FAILED": ("bad", "failed", "it could not be restored; the log of the local cloud says why"),
}
_NO_WORDS = ("idle", "other", "its status says what")


class Projects:
    """Describes every project with its functions and migrations."""

    def __init__(
        self,
        *,
        state: ManagementState,
        lifecycle: Lifecycle,
        functions: FunctionService,
        ledgers: Ledgers,
        backend: Callable[[str], Path | None],
    ) -> None:
        """Take the parts it asks; `backend` gives the folder that is released into a project of that name."""
        self._state = state
        self._lifecycle = lifecycle
        self._functions = functions
        self._ledgers = ledgers
        self._backend = backend

    async def describe(self) -> list[dict[str, Any]]:
        """Give the projects as JSON; times are ISO 8601 of the local cloud's clock, or milliseconds of the epoch."""
        return await asyncio.gather(*(self._project(project) for project in self._state.projects))

    def disturbances(self) -> list[str]:
        """Name the status that the next project ends in, and those that callers are shown in place of the true ones."""
        failing = self._lifecycle.failing_next
        shown = ((project, self._lifecycle.overridden(project.ref)) for project in self._state.projects)
        return [
            *([f"The next project that comes up ends as {failing} instead"] if failing else []),
            *(
                f"Callers see the project {project.name} ({project.ref}) as {status}; it is {project.status}"
                for project, status in shown
                if status is not None
            ),
        ]

    async def _project(self, project: Project) -> dict[str, Any]:
        active = project.status == _ACTIVE
        ledger = await self._ledgers.read(project.ref) if active else Ledger("stopped")
        backend = self._backend(project.name)
        held = None if backend is None else await asyncio.to_thread(files, backend)
        tone, health, meaning = _HEALTH.get(ledger.database if active else project.status, _NO_WORDS)
        return {
            "ref": project.ref,
            "name": project.name,
            "organization": project.organization_slug,
            "plan": self._state.organization(project.organization_slug).plan,
            "region": project.region,
            "size": project.instance_size,
            "created_at": project.created_at,
            "status": project.status,
            "tone": tone,
            "health": health,
            "meaning": meaning,
            "secrets": [
                {"name": name, "updated_at": secret["updated_at"]} for name, secret in sorted(project.secrets.items())
            ],
            "functions": self._functions.overview(project.ref),
            "backend": backend.name if backend else None,
            "migrations": compare(ledger, held),
        }
