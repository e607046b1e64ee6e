"""Edge Functions of all projects, as one service."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from localcloud.auth.keys import ProjectKeys
from localcloud.functions.deno import Bundler, Program
from localcloud.functions.gateway import Gateway
from localcloud.functions.management import FunctionManagement
from localcloud.functions.store import FunctionRecord, FunctionStore
from localcloud.functions.workers import Key, WorkerOrder, Workers
from localcloud.logs.store import LogStore


class FunctionService:
    """Owns what is deployed, which stays under `directory`, and the workers that run it, which end with the process.

    Args:
        directory: where records and files are kept.
        deno: the Deno executable.
        environment: gives the variables that a project's functions see, platform's and secrets.
        keys: gives a project's keys.
        exists: says whether there is a project of that ref.
        authorize: raises an ApiError where a Management API request brings no valid token.
        logs: takes what the functions write.
        idle: seconds after which a worker without requests is stopped.
    """

    def __init__(
        self,
        directory: Path,
        *,
        deno: Path,
        environment: Callable[[str], Mapping[str, str]],
        keys: Callable[[str], ProjectKeys],
        exists: Callable[[str], bool],
        authorize: Callable[[Request], None],
        logs: LogStore,
        idle: float = 60.0,
    ) -> None:
        self._environment = environment
        self._exists = exists
        self._store = FunctionStore(directory.resolve())
        self._logs = logs
        self._workers = Workers(deno, idle=idle, hear=self._hear)
        self._gateway = Gateway(self._store, self._workers, self._order, keys, exists)
        self._management = FunctionManagement(
            store=self._store,
            workers=self._workers,
            bundler=Bundler(deno),
            order=self._order,
            exists=exists,
            authorize=authorize,
        )

    def management_routes(self) -> list[Route]:
        """Give the routes under /v1/projects/{ref}/functions."""
        return self._management.routes()

    def gateway_routes(self) -> list[BaseRoute]:
        """Give the routes under /projects/{ref}/functions/v1."""
        return self._gateway.routes()

    def deployment(self, ref: str, slug: str) -> dict[str, str] | None:
        """Give what the logs tell of an active function, or None where there is none."""
        record = self._store.find(ref, slug) if self._exists(ref) else None
        return _deployment(ref, record, str(record.version)) if record else None

    def running(self) -> dict[tuple[str, str], int]:
        """Give the process ids of the workers in service, by ref and slug."""
        return self._workers.running()

    def overview(self, ref: str) -> list[dict[str, Any]]:
        """Tell what of a project is deployed and whether it runs; times are milliseconds of the epoch."""
        running = self._workers.running()
        return [
            {
                "slug": slug,
                "status": record.status,
                "version": record.version,
                "deployed_at": record.updated_at,
                "verify_jwt": record.verify_jwt,
                "worker": (ref, slug) in running,
                "called_at": self._called_at(ref, record),
            }
            for slug, record in sorted(self._store.of_project(ref).items())
        ]

    def disturbances(self) -> list[str]:
        """Name what is modelled at the moment."""
        delay = round(self._workers.cold_start * 1000)
        return [
            *([f"Each start of a function takes {delay} ms longer"] if delay else []),
            *(
                f"The function {slug} of {ref} answers its next {requests} calls as if it was not there"
                for (ref, slug), requests in sorted(self._gateway.missing.items())
                if requests > 0
            ),
        ]

    def model_cold_start(self, milliseconds: int) -> None:
        """Delay every start of a worker from now on; 0 ends it."""
        self._workers.cold_start = milliseconds / 1000

    def model_missing(self, ref: str, slug: str, requests: int) -> None:
        """Answer the next requests of a function NOT_FOUND_FUNCTION_BLOB although it is ACTIVE."""
        self._gateway.missing[ref, slug] = requests

    async def forget(self, ref: str) -> None:
        """Remove all functions of a project that is being deleted."""
        for slug in self._store.of_project(ref):
            self._workers.withdraw((ref, slug))
        self._store.forget(ref)

    async def close(self) -> None:
        """End all workers; what is deployed stays."""
        await self._workers.close()

    def _hear(self, key: Key, line: str, facts: dict[str, Any]) -> None:
        ref, slug = key
        record = self._store.find(ref, slug) if self._exists(ref) else None
        if record is not None:
            deployment = _deployment(ref, record, facts["version"])
            self._logs.add(ref, "function_logs", line, {**deployment, "project_ref": ref, **facts})

    def _called_at(self, ref: str, record: FunctionRecord) -> int | None:
        called = self._gateway.called.get((ref, record.slug), 0)
        # An older time is that of a function of the same name, which was deleted.
        return called if called >= record.created_at else None

    def _order(self, ref: str, record: FunctionRecord) -> WorkerOrder:
        import_map = record.import_map_path
        return WorkerOrder(
            version=record.version,
            program=Program(
                root=self._store.root(ref, record.slug, record.version),
                entrypoint=self._store.local_path(ref, record, record.entrypoint_path),
                import_map=self._store.local_path(ref, record, import_map) if import_map else None,
            ),
            environment=self._environment(ref),
        )


def _deployment(ref: str, record: FunctionRecord, version: str) -> dict[str, str]:
    return {"function_id": record.id, "deployment_id": f"{ref}_{record.id}_{version}", "version": version}
