"""Git's smart HTTP protocol: `git clone`, `fetch` and `push` with the ordinary client.

Git's own http-backend does the work. What a push may change is decided here: the proc-receive hook hands over the
commands after git has taken and checked the objects, and refs move in one transaction with the state.
"""

import asyncio
import json
import os
import signal
import sys
from base64 import b64decode
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from localcloud.github.authority import Authority
from localcloud.github.errors import BadCredentialsError, ForbiddenError, NotFoundError
from localcloud.github.push_rules import Verdict, judge
from localcloud.github.ref_updates import set_ref
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken, authenticate

_HOOKS = Path(__file__).with_name("hooks")
_NONE = "0" * 40
_CHUNK = 65_536  # bytes


class _AtomicPushError(Exception):
    """One ref of an atomic push is refused, so nothing of it may stay."""

    def __init__(self, decided: Json) -> None:
        super().__init__("atomic transaction failed")
        self.decided = decided


class GitHttp:
    """The routes of git over one store.

    Args:
        store: the state.
        seeded: the tokens that are accepted from the start.
    """

    def __init__(self, store: Store, seeded: Iterable[GitHubToken]) -> None:
        self._store = store
        self._seeded = tuple(seeded)
        self._attending: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Give the routes; a repository's name may end in .git."""
        return [
            Route("/{owner}/{repo}/info/refs", self._serve, methods=["GET"]),
            Route("/{owner}/{repo}/git-upload-pack", self._serve, methods=["POST"]),
            Route("/{owner}/{repo}/git-receive-pack", self._serve, methods=["POST"]),
        ]

    async def _serve(self, request: Request) -> Response:
        pushes = "git-receive-pack" in (request.query_params.get("service"), request.url.path.rpartition("/")[2])
        owner, name = request.path_params["owner"], request.path_params["repo"].removesuffix(".git")
        try:
            token = self._token(request)
        except BadCredentialsError:
            return _ask_for_credentials()
        try:
            repository = self._store.repository(owner, name)
            self._require_access(repository, token, pushes=pushes)
        except NotFoundError:
            return _ask_for_credentials() if token is None else PlainTextResponse("Repository not found.", 404)
        except ForbiddenError as error:
            return PlainTextResponse(error.message, error.status)
        return await self._run(request, repository, token)

    def _require_access(self, repository: Json, token: GitHubToken | None, *, pushes: bool) -> None:
        """Let pass whom the repository is visible to, and who may push where that is asked."""
        if token is None:
            if repository["private"] or pushes:
                raise NotFoundError
            return
        try:
            level = "write" if pushes else "read"
            Authority(self._store, token).require(repository, [{"contents": level}])
        except ForbiddenError:
            full_name = f"{repository['owner']}/{repository['name']}"
            raise ForbiddenError(f"Permission to {full_name}.git denied to {token.login}.") from None
        if pushes and repository["archived"]:
            raise ForbiddenError("This repository was archived so it is read-only.")

    def _token(self, request: Request) -> GitHubToken | None:
        """Read the token of the Authorization header: bearer, or the password (else the name) of basic."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() == "basic":
            try:
                user, _, password = b64decode(value).decode().partition(":")
            except ValueError:
                raise BadCredentialsError from None
            value = user if password in {"", "x-oauth-basic"} else password
        return authenticate(self._store, self._seeded, value)

    async def _run(self, request: Request, repository: Json, token: GitHubToken | None) -> Response:
        """Run git http-backend as a CGI program, and decide on its push while it runs."""
        question, asked = os.pipe()
        reply, replied = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                "http-backend",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._variables(request, repository) | {"LOCALCLOUD_PUSH": f"{asked},{reply}"},
                pass_fds=(asked, reply),
            )
        except BaseException:
            for descriptor in (question, replied):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (asked, reply):
                os.close(descriptor)
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        feeding = asyncio.create_task(_feed(request, process.stdin))
        names = (repository["owner"], repository["name"])
        deciding = run_in_threadpool(self._decide, os.fdopen(question), os.fdopen(replied, "w"), names, token)
        attending = asyncio.create_task(_attend(process, deciding))
        self._attending.add(attending)
        attending.add_done_callback(self._attending.discard)
        status, headers = await _head(process.stdout)

        async def body(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
            try:
                while part := await stream.read(_CHUNK):
                    yield part
            except BaseException:
                # The client is gone; a signal by way of the process object could take its exit from who waits for it.
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGTERM)
                raise
            finally:
                feeding.cancel()

        return _Stream(body(process.stdout), status, headers)

    def _variables(self, request: Request, repository: Json) -> dict[str, str]:
        git = self._store.git_of(repository)
        headers = {
            "CONTENT_TYPE": "Content-Type",
            "CONTENT_LENGTH": "Content-Length",
            "HTTP_CONTENT_ENCODING": "Content-Encoding",
            "GIT_PROTOCOL": "Git-Protocol",
        }
        count = int(git.environment()["GIT_CONFIG_COUNT"])
        return git.environment() | {
            "GIT_PROJECT_ROOT": str(git.path),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": "core.hooksPath",
            f"GIT_CONFIG_VALUE_{count}": str(_HOOKS),
            "LOCALCLOUD_PYTHON": sys.executable,
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.url.query,
            "PATH_INFO": "/" + request.url.path.split("/", 3)[3],
            **{name: request.headers[header] for name, header in headers.items() if header in request.headers},
        }

    def _decide(self, question: IO[str], reply: IO[str], names: tuple[str, str], token: GitHubToken | None) -> None:
        """Wait for the commands of a push, carry out what is allowed, and say so; nothing where there is no push."""
        with question, reply:
            asked = question.readline()
            if not asked or token is None:
                return
            try:
                decided = self._push(json.loads(asked), names, token)
            except _AtomicPushError as failure:
                decided = failure.decided
            with suppress(BrokenPipeError):
                reply.write(json.dumps(decided) + "\n")
                reply.flush()

    def _push(self, asked: Json, names: tuple[str, str], token: GitHubToken) -> Json:
        with self._store.transaction():
            repository = self._store.repository(*names)
            told: list[str] = []
            refs: list[tuple[str, str | None]] = []
            for old, new, ref in asked["commands"]:
                target = None if new == _NONE else new
                reason = self._obstacle(repository, old, target, ref) or self._guarded(repository, target, token)
                if reason is None:
                    verdict = judge(self._store, repository, ref, target, token)
                    reason, said = _words(repository, ref, verdict)
                    told.append(said)
                refs.append((ref, reason))
                if reason is None:
                    set_ref(self._store, repository, ref, target, token)
            if asked["atomic"] and any(reason for _, reason in refs):
                failed = [(ref, reason or "atomic transaction failed") for ref, reason in refs]
                raise _AtomicPushError({"told": "".join(told), "refs": failed})
        return {"told": "".join(told), "refs": refs}

    def _obstacle(self, repository: Json, old: str, target: str | None, ref: str) -> str | None:
        """Say what git itself would have against a change."""
        git = self._store.git_of(repository)
        if git.refs(ref).get(ref, _NONE) != old:
            return "failed to update ref"
        if target is None:
            is_default = ref == f"refs/heads/{repository['default_branch']}"
            return f"refusing to delete the current branch: {ref}" if is_default else None
        if old == _NONE and not self._store.is_free(repository, ref):
            return "failed to update ref"
        if ref.startswith("refs/heads/") and git.sha(target) != target:
            return "a branch can only point to a commit"
        return None

    def _guarded(self, repository: Json, target: str | None, token: GitHubToken) -> str | None:
        """Say which workflow a push would change without the permission for workflows."""
        if target is None or Authority(self._store, token).holds(repository, "workflows", "write"):
            return None
        git = self._store.git_of(repository)
        new = ("log", "--format=", "--name-only", target, "--not", "--branches", "--", ".github/workflows")
        changed = git.run(*new).splitlines()
        if not changed:
            return None
        bearer, lack = (
            ("a GitHub App", "workflows` permission")
            if token.app_id
            else ("a Personal Access Token", "workflow` scope")
        )
        return f"refusing to allow {bearer} to create or update workflow `{changed[0]}` without `{lack}"


class _Stream(StreamingResponse):
    """A response that begins before the request has ended.

    Starlette's own one reads the request to see the client leave, and so takes parts of it from who feeds git.
    """

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the response."""
        await self.stream_response(send)


def _words(repository: Json, ref: str, verdict: Verdict) -> tuple[str | None, str]:
    """Give the reason that the client shows beside a ref, and what GitHub writes above it."""
    reasons = "\n\n".join(f"- {sentence}" for sentence in verdict.refused or verdict.bypassed)
    if verdict.by_ruleset:
        page = f"https://github.com/{repository['owner']}/{repository['name']}/rules?ref={quote(ref, safe='')}"
        head = f"error: GH013: Repository rule violations found for {ref}.\nReview all repository rules at {page}"
        return "push declined due to repository rule violations", f"{head}\n\n{reasons}\n\n"
    if verdict.refused:
        head = f"error: GH006: Protected branch update failed for {ref}."
        return "protected branch hook declined", f"{head}\n\n{reasons}\n"
    return None, f"Bypassed rule violations for {ref}:\n\n{reasons}\n\n" if reasons else ""


def _ask_for_credentials() -> Response:
    return PlainTextResponse("Invalid username or token.", 401, headers={"WWW-Authenticate": 'Basic realm="GitHub"'})


async def _attend(process: asyncio.subprocess.Process, deciding: Coroutine[Any, Any, None]) -> None:
    """Decide on the push of a process and wait for its end, whether or not its client does."""
    await deciding
    await process.wait()


async def _feed(request: Request, stream: asyncio.StreamWriter) -> None:
    """Pass the request's body on as it comes; git may stop reading early, and the client may leave."""
    with suppress(ConnectionError, ClientDisconnect):
        async for part in request.stream():
            stream.write(part)
            await stream.drain()
    with suppress(ConnectionError):
        stream.close()
        await stream.wait_closed()


async def _head(stream: asyncio.StreamReader) -> tuple[int, Mapping[str, str]]:
    """Read the status and the headers of a CGI program's answer."""
    headers: dict[str, str] = {}
    while line := (await stream.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name] = value.strip()
    status = headers.pop("Status", "200" if headers else "500")
    return int(status.split()[0]), headers
