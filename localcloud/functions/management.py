"""The Management API's routes of functions, under /v1/projects/{ref}/functions."""

import asyncio
import json
import secrets
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.functions.deno import Bundler
from localcloud.functions.errors import (
    FunctionNotFoundError,
    InvalidUploadError,
    ProjectNotFoundError,
    UploadTooLargeError,
)
from localcloud.functions.store import FunctionRecord, FunctionStore, contents_digest
from localcloud.functions.workers import Key, WorkerOrder, Workers

_SIZE_LIMIT = 20 * 2**20  # bytes
_MOST_FILES = 10_000

Slug = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]


class _Metadata(BaseModel):
    """The part `metadata` of a deploy."""

    entrypoint_path: str
    import_map_path: str | None = None
    static_patterns: list[str] = []
    verify_jwt: bool = True
    name: str | None = None


class _DeployRequest(BaseModel):
    """A deploy's query and metadata together."""

    slug: Slug
    bundleOnly: bool = False  # noqa: N815 - the API's own name
    metadata: _Metadata


class _Update(BaseModel):
    """One entry of the bulk update."""

    id: str
    slug: Slug
    name: str
    status: Literal["ACTIVE", "REMOVED", "THROTTLED"]
    version: Annotated[int, Field(ge=1)]
    created_at: int | None = None
    verify_jwt: bool | None = None
    entrypoint_path: str | None = None
    import_map_path: str | None = None
    ezbr_sha256: str | None = None


class _BulkUpdate(BaseModel):
    functions: list[_Update]


class FunctionManagement:
    """List, read, deploy, update and delete functions; the routes' answers are the contract's, field by field."""

    def __init__(
        self,
        *,
        store: FunctionStore,
        workers: Workers,
        bundler: Bundler,
        order: Callable[[str, FunctionRecord], WorkerOrder],
        exists: Callable[[str], bool],
        authorize: Callable[[Request], None],
    ) -> None:
        self._store = store
        self._workers = workers
        self._bundler = bundler
        self._order = order
        self._exists = exists
        self._authorize = authorize
        self._deploying: dict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)

    def routes(self) -> list[Route]:
        """Give the routes, full paths."""
        base = "/v1/projects/{ref}/functions"
        return [
            Route(base, self._list, methods=["GET"]),
            Route(base, self._update, methods=["PUT"]),
            Route(f"{base}/deploy", self._deploy, methods=["POST"]),
            Route(f"{base}/{{slug}}", self._get, methods=["GET"]),
            Route(f"{base}/{{slug}}", self._delete, methods=["DELETE"]),
            Route(f"{base}/{{slug}}/body", self._body, methods=["GET"]),
        ]

    def _project(self, request: Request) -> str:
        self._authorize(request)
        ref: str = request.path_params["ref"]
        if not self._exists(ref):
            raise ProjectNotFoundError
        return ref

    def _function(self, request: Request) -> tuple[str, FunctionRecord]:
        ref = self._project(request)
        record = self._store.find(ref, request.path_params["slug"])
        if record is None:
            raise FunctionNotFoundError
        return ref, record

    async def _list(self, request: Request) -> Response:
        return JSONResponse([record.answer() for record in self._store.of_project(self._project(request)).values()])

    async def _get(self, request: Request) -> Response:
        return JSONResponse(self._function(request)[1].answer())

    async def _deploy(self, request: Request) -> Response:
        ref = self._project(request)
        files, metadata = await _upload(request)
        try:
            wanted = _DeployRequest.model_validate({"metadata": metadata, **request.query_params})
        except ValidationError as error:
            raise InvalidUploadError(_complaint(error)) from None
        key = (ref, wanted.slug)
        async with self._deploying[key]:
            record = await self._bundle(ref, wanted, files)
            if not wanted.bundleOnly:
                async with self._workers.replacing(key, self._order(ref, record)):
                    self._store.activate(ref, record)
        return JSONResponse(record.answer(), status_code=201)

    async def _bundle(self, ref: str, wanted: _DeployRequest, files: dict[str, bytes]) -> FunctionRecord:
        metadata, draft = wanted.metadata, self._store.draft(ref, wanted.slug)
        if metadata.entrypoint_path not in files:
            raise InvalidUploadError(f"Entrypoint path does not exist - {metadata.entrypoint_path}")
        if metadata.import_map_path and metadata.import_map_path not in files:
            raise InvalidUploadError(f"Import map path does not exist - {metadata.import_map_path}")
        try:
            source = self._store.write_files(ref, draft, files)
        except ValueError as error:
            raise InvalidUploadError(f"File path leads out of the upload - {error}") from None
        root = self._store.root(ref, draft.slug, draft.version)
        as_url = {path: f"file:///{(source / path).relative_to(root)}" for path in files}
        record = replace(
            draft,
            name=metadata.name or draft.name,
            verify_jwt=metadata.verify_jwt,
            import_map=bool(metadata.import_map_path),
            import_map_path=as_url[metadata.import_map_path] if metadata.import_map_path else None,
            entrypoint_path=as_url[metadata.entrypoint_path],
            ezbr_sha256=contents_digest(files, metadata.entrypoint_path, metadata.import_map_path or ""),
        )
        try:
            await self._bundler.check(self._order(ref, record).program)
        except BaseException:
            self._store.discard(ref, draft)
            raise
        return record

    async def _update(self, request: Request) -> Response:
        ref = self._project(request)
        try:
            updates = _BulkUpdate.model_validate({"functions": await request.json()}).functions
        except (ValidationError, json.JSONDecodeError) as error:
            raise InvalidUploadError(_complaint(error)) from None
        records = [self._updated(ref, update) for update in updates]
        self._store.activate(ref, *records)
        for record in records:
            key = (ref, record.slug)
            if self._store.has_files(ref, record):
                async with self._workers.replacing(key, self._order(ref, record)):
                    pass
            else:
                self._workers.withdraw(key)
        return JSONResponse({"functions": [record.answer() for record in records]})

    def _updated(self, ref: str, update: _Update) -> FunctionRecord:
        known = self._store.draft(ref, update.slug)
        if update.version < known.version - 1:
            raise InvalidUploadError(f"Version of function {update.slug} must not be below {known.version - 1}")
        given = update.model_dump(exclude_none=True)
        return replace(known, **given, import_map=bool(update.import_map_path or known.import_map_path))

    async def _delete(self, request: Request) -> Response:
        ref, record = self._function(request)
        self._workers.withdraw((ref, record.slug))
        self._store.delete(ref, record.slug)
        return JSONResponse({"message": "ok"})

    async def _body(self, request: Request) -> Response:
        ref, record = self._function(request)
        base = f"file:///tmp/user_fn_{ref}_{record.id}_{record.version}/"
        parts: list[tuple[dict[str, str], bytes]] = [
            (
                {"Content-Disposition": 'form-data; name="metadata"', "Content-Type": "application/json"},
                json.dumps({"deno2_entrypoint_path": record.entrypoint_path.removeprefix(base)}).encode(),
            )
        ]
        for path, file in self._store.files(ref, record).items():
            disposition = f'form-data; name="file"; filename="{path}"'
            parts.append(({"Content-Disposition": disposition, "Supabase-Path": path}, file.read_bytes()))
        boundary = secrets.token_hex(16)
        content = b""
        for headers, payload in parts:
            lines = [f"--{boundary}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
            content += "\r\n".join(lines).encode() + payload + b"\r\n"
        content += f"--{boundary}--\r\n".encode()
        return Response(content, media_type=f"multipart/form-data; boundary={boundary}")


async def _upload(request: Request) -> tuple[dict[str, bytes], Any]:
    """Read the form in whatever order its parts come: the files by path, and the metadata."""
    async with request.form(max_files=_MOST_FILES, max_part_size=_SIZE_LIMIT) as form:
        files = {}
        for part in form.getlist("file"):
            if isinstance(part, UploadFile) and part.filename:
                files[part.filename] = await part.read()
        metadata = form.get("metadata", "")
        text = await metadata.read() if isinstance(metadata, UploadFile) else metadata
    if sum(map(len, files.values())) > _SIZE_LIMIT:
        raise UploadTooLargeError
    try:
        return files, json.loads(text)
    except ValueError:
        raise InvalidUploadError("metadata: expected a JSON object") from None


def _complaint(error: ValidationError | json.JSONDecodeError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "Malformed JSON body"
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
