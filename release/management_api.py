"""The calls of the Supabase Management API that a release makes itself."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Annotated, Any, Self
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel, Field, TypeAdapter
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    wait_random_exponential,
)

from release.credentials import check_token
from release.error import ReleaseError
from release.live_state import PRESENCE_QUERY
from release.target import Target

_MISSING = 404
_FORBIDDEN = 403
_UNAUTHORIZED = 401
# Its rate limit counts by the minute.
_LONGEST_WAIT = 60.0
_LONGEST_MESSAGE = 1000
_PASSING = frozenset({429, 500, 502, 503, 504, 520, 522, 524})


class _Listed(BaseModel):
    id: str
    name: str
    organization_id: str
    organization_slug: str | None = None


class _Function(BaseModel):
    slug: str
    version: int
    status: str


class _Pooler(BaseModel):
    database_type: str
    db_host: str
    db_port: int
    db_user: str
    db_name: str


class _Backups(BaseModel):
    pitr_enabled: bool


class _Present(BaseModel):
    release: bool
    ledger: bool
    tables: bool


class _Logs(BaseModel):
    result: list[dict[str, Any]] = []
    error: Any = None


class _Service(BaseModel):
    name: str
    status: str
    error: str | None = None


class _Lint(BaseModel):
    title: str
    detail: str
    level: str


class _Advice(BaseModel):
    lints: list[_Lint]


# What is used of each answer; it may hold more.
_LOGS = TypeAdapter(_Logs)
_SERVICES = TypeAdapter(list[_Service])
_ADVICE = TypeAdapter(_Advice)
_PROJECTS = TypeAdapter(list[_Listed])
_FUNCTIONS = TypeAdapter(list[_Function])
_POOLERS = TypeAdapter(list[_Pooler])
_BACKUPS = TypeAdapter(_Backups)
_PRESENCE = TypeAdapter(Annotated[list[_Present], Field(min_length=1)])
_ROWS = TypeAdapter(list[dict[str, Any]])
_OBJECT = TypeAdapter(dict[str, Any])


def _wait(state: RetryCallState) -> float:
    """Wait as the platform asks; a little, at random, where it does not."""
    response = None if state.outcome is None or state.outcome.failed else state.outcome.result()
    headers = response.headers if response is not None else {}
    asked = headers.get("Retry-After") or headers.get("x-ratelimit-reset") or ""
    return min(float(asked), _LONGEST_WAIT) if asked.isdecimal() else wait_random_exponential(0.25, max=4)(state)


def _is_passing(response: httpx.Response) -> bool:
    return response.status_code in _PASSING


def find_project(api_endpoint: str, token: str, *, organization: str, name: str) -> str:
    """Give the ref of an organisation's project by its name.

    Raises:
        ReleaseError: there is none, or several, or the token may not see it.
    """
    found = list_refs(api_endpoint, token, organization=organization, name=name)
    if len(found) != 1:
        raise ReleaseError(
            f"Organisation {organization} has {len(found) or 'no'} projects called {name} that this token can see."
            " Nothing was changed. Remedy: `pulumi up` creates one; of several, name the right one by"
            " supabase.project.ref in the stack file."
        )
    return found[0]


def list_refs(api_endpoint: str, token: str, *, organization: str, name: str) -> list[str]:
    """Give the refs of an organisation's projects of one name; none where it does not exist.

    Raises:
        ReleaseError: the platform does not tell.
    """
    try:
        response = httpx.get(f"{api_endpoint}/v1/projects", headers=_authorize(token), timeout=30)
        response.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else None
        why = f"the answer is {status}" if status else type(error).__name__
        raise ReleaseError(
            f"The projects of organisation {organization} can't be listed ({why}). Nothing was"
            " changed. Remedy: check SUPABASE_ACCESS_TOKEN and the network, then run this again."
        ) from error
    listed = _read_answer(response, _PROJECTS, "list the projects")
    return [
        project["id"]
        for project in listed
        if project["name"] == name and organization in {project.get("organization_slug"), project["organization_id"]}
    ]


def _authorize(token: str) -> dict[str, str]:
    check_token("SUPABASE_ACCESS_TOKEN", token)
    return {"Authorization": f"Bearer {token}"}


def _read_answer(response: httpx.Response, form: TypeAdapter[Any], what: str) -> Any:
    """Give the JSON of an answer; one that is none, or has another form than it is used in, is no answer.

    Raises:
        ReleaseError: its text names the call, and nothing of the answer, which may hold a secret.
    """
    try:
        document = response.json()
        form.validate_python(document)
    except (ValueError, RecursionError) as error:
        raise ReleaseError(
            f"{response.request.url.host} answered {response.status_code} when asked to {what}, in no form that is"
            " known, so it may not be the Management API. This step changed nothing. Remedy: check"
            " SUPABASE_API_ENDPOINT and proxies, then run this again."
        ) from error
    return document


class ManagementApi:
    """A client for one project. Reading calls are tried up to five times; writing ones once."""

    def __init__(self, target: Target, token: str) -> None:
        self._target = target
        self._project = f"{target.api_endpoint}/v1/projects/{target.ref}"
        self._client = httpx.Client(
            headers=_authorize(token),
            timeout=30,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def project(self) -> dict[str, Any]:
        """Give the project (v1-get-project)."""
        return dict(self._read("", _OBJECT))

    def functions(self) -> list[dict[str, Any]]:
        """Give the live functions (v1-list-all-functions)."""
        return list(self._read("/functions", _FUNCTIONS))

    def api_keys(self) -> list[dict[str, Any]]:
        """Give the project's API keys with their values (v1-get-project-api-keys)."""
        return list(self._read("/api-keys?reveal=true", _ROWS))

    def pooler(self) -> dict[str, Any]:
        """Give the pooler's address of the primary database (v1-get-pooler-config)."""
        listed = self._read("/config/database/pooler", _POOLERS)
        for entry in listed:
            if entry["database_type"] == "PRIMARY":
                return dict(entry)
        raise ReleaseError(
            f"{self._target.api_host} tells no address of the primary database of project {self._target.ref}, so it"
            " can't be reached. This step changed nothing. Remedy: check that the project is not paused."
        )

    def function_body(self, slug: str) -> bytes | None:
        """Give the bundle that is live, as the platform sends it (v1-get-a-function-body); None where there is none.

        The header that names the parts' boundary comes first, as in a message.
        """
        response = self._get(f"/functions/{slug}/body", headers={"Accept": "multipart/form-data"}, without=_MISSING)
        if response is None:
            return None
        kind = response.headers.get("Content-Type", "application/octet-stream")
        return f"Content-Type: {kind}\r\n\r\n".encode() + response.content

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Run SQL as the platform's read-only role (v1-read-only-query)."""
        response = self._try(
            lambda: self._client.post(f"{self._project}/database/query/read-only", json={"query": sql})
        )
        self._check(response, "query the database")
        return list(_read_answer(response, _ROWS, "query the database"))

    def presence(self) -> dict[str, bool]:
        """Tell of `release`, `ledger` and `tables` whether the database has them."""
        response = self._try(
            lambda: self._client.post(f"{self._project}/database/query/read-only", json={"query": PRESENCE_QUERY})
        )
        self._check(response, "query the database")
        return dict(_read_answer(response, _PRESENCE, "query the database")[0])

    def logs(self, sql: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """Run SQL over the project's logs of a time of up to 24 hours (v1-get-project-logs), in BigQuery's dialect.

        Raises:
            ReleaseError: the platform refused, or the answer says that the query failed.
        """
        times = {"iso_timestamp_start": start.isoformat(), "iso_timestamp_end": end.isoformat()}
        query = urlencode({"sql": sql, **times})
        answer = self._read(f"/analytics/endpoints/logs.all?{query}", _LOGS)
        if answer.get("error"):
            raise ReleaseError(
                f"{self._target.api_host} could not answer a query of the logs: {answer['error']}. Nothing is known of"
                " what they hold. Remedy: try it again; the endpoint takes 30 queries a minute."
            )
        return list(answer.get("result") or ())

    def health(self, services: Sequence[str]) -> list[dict[str, Any]]:
        """Give the state of services (v1-get-services-health): `name`, `status`, and `error` where there is one."""
        query = urlencode([("services", name) for name in services])
        return list(self._read(f"/health?{query}", _SERVICES))

    def advice(self, kind: str) -> list[dict[str, Any]]:
        """Give what the `security` or the `performance` advisor finds (v1-get-security-advisors and its sister)."""
        return list(self._read(f"/advisors/{kind}", _ADVICE)["lints"])

    def has_restore_points(self) -> bool:
        """Tell whether the platform can bring the database back to a moment, for this token (v1-list-all-backups)."""
        response = self._get("/database/backups", without=_FORBIDDEN)
        return response is not None and bool(_read_answer(response, _BACKUPS, "read its backups")["pitr_enabled"])

    def create_restore_point(self, name: str) -> None:
        """Mark this moment as one to come back to (v1-create-restore-point); a name has up to 20 characters."""
        path = f"{self._project}/database/backups/restore-point"
        response = self._once("create a restore point", lambda: self._client.post(path, json={"name": name}))
        self._check(response, "create a restore point")

    def delete_function(self, slug: str) -> bool:
        """Delete a function (v1-delete-a-function); False when it, or its project, was gone already."""
        path = f"{self._project}/functions/{slug}"
        response = self._once(f"delete function {slug}", lambda: self._client.delete(path))
        if response.status_code == _MISSING:
            return False
        self._check(response, f"delete function {slug}")
        return True

    def _read(self, path: str, form: TypeAdapter[Any]) -> Any:
        response = self._get(path)
        assert response is not None  # noqa: S101 - only `without` allows that
        return _read_answer(response, form, f"read {path.partition('?')[0] or 'the project'}")

    def _get(
        self, path: str, *, headers: dict[str, str] | None = None, without: int | None = None
    ) -> httpx.Response | None:
        response = self._try(lambda: self._client.get(self._project + path, headers=headers))
        if response.status_code == without:
            return None
        self._check(response, f"read {path.partition('?')[0] or 'the project'}")
        return response

    def _try(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send what changes nothing, again where the answer says that it may go better then."""
        retrying = Retrying(
            retry=retry_if_exception_type(httpx.TransportError) | retry_if_result(_is_passing),
            stop=stop_after_attempt(5),
            wait=_wait,
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        try:
            response: httpx.Response = retrying(send)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ReleaseError(
                f"{self._target.api_host} does not answer ({type(error).__name__}), so this step changed nothing."
                " Remedy: run `pulumi up` again when it does."
            ) from error
        return response

    def _once(self, what: str, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send what changes something; whether it did stays open where no answer comes."""
        try:
            return send()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ReleaseError(
                f"{self._target.api_host} was asked to {what} and did not answer ({type(error).__name__}), so it may or"
                " may not have done it. Remedy: run `pulumi up` again when it answers; it looks at what is there."
            ) from error

    def _check(self, response: httpx.Response, what: str) -> None:
        if response.is_success:
            return
        remedy = {
            _UNAUTHORIZED: "renew SUPABASE_ACCESS_TOKEN",
            _FORBIDDEN: "give the token of SUPABASE_ACCESS_TOKEN the right to it",
            _MISSING: f"check that project {self._target.ref} exists and that the token can see it",
        }.get(response.status_code, "run `pulumi up` again")
        try:
            message = str(response.json().get("message", ""))[:_LONGEST_MESSAGE]
        except (ValueError, AttributeError, RecursionError):
            message = ""
        told = f"{response.status_code} {message}".strip()
        raise ReleaseError(f"{self._target.api_host} refused to {what}: {told}. Remedy: {remedy}.")
