"""The calls of the Supabase Management API that a release makes itself."""

from types import TracebackType
from typing import Any, Self

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from release.error import ReleaseError
from release.target import Target

_MISSING = 404
_FORBIDDEN = 403
_UNAUTHORIZED = 401
_PASSING = frozenset({429, 500, 502, 503, 504, 520, 522, 524})


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in _PASSING
    return isinstance(error, httpx.TransportError)


class ManagementApi:
    """A client for one project. Reading calls are tried up to five times; writing ones once."""

    def __init__(self, target: Target, token: str) -> None:
        self._target = target
        self._project = f"{target.api_endpoint}/v1/projects/{target.ref}"
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {token}"},
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
        return dict(self._read(""))

    def functions(self) -> list[dict[str, Any]]:
        """Give the live functions (v1-list-all-functions)."""
        return list(self._read("/functions"))

    def api_keys(self) -> list[dict[str, Any]]:
        """Give the project's API keys with their values (v1-get-project-api-keys)."""
        return list(self._read("/api-keys?reveal=true"))

    def pooler(self) -> dict[str, Any]:
        """Give the pooler's address of the primary database (v1-get-pooler-config)."""
        answers = [entry for entry in self._read("/config/database/pooler") if entry["database_type"] == "PRIMARY"]
        return dict(answers[0])

    def delete_function(self, slug: str) -> bool:
        """Delete a function (v1-delete-a-function); False when it, or its project, was gone already."""
        response = self._client.delete(f"{self._project}/functions/{slug}")
        if response.status_code == _MISSING:
            return False
        self._check(response, f"delete function {slug}")
        return True

    def _read(self, path: str) -> Any:
        try:
            for attempt in Retrying(
                retry=retry_if_exception(_is_passing),
                stop=stop_after_attempt(5),
                wait=wait_random_exponential(multiplier=0.25, max=4),
                reraise=True,
            ):
                with attempt:
                    response = self._client.get(self._project + path)
                    response.raise_for_status()
                    return response.json()
        except httpx.HTTPStatusError as error:
            self._check(error.response, f"read {path or 'the project'}")
        except httpx.TransportError as error:
            raise ReleaseError(
                f"{self._target.api_host} does not answer ({type(error).__name__}), so this step changed nothing."
                " Remedy: run `pulumi up` again when it does."
            ) from error
        raise AssertionError("unreachable: Retrying either returns or raises")

    def _check(self, response: httpx.Response, what: str) -> None:
        if response.is_success:
            return
        remedy = {
            _UNAUTHORIZED: "renew SUPABASE_ACCESS_TOKEN",
            _FORBIDDEN: "give the token of SUPABASE_ACCESS_TOKEN the right to it",
            _MISSING: f"check that project {self._target.ref} exists and that the token can see it",
        }.get(response.status_code, "run `pulumi up` again")
        try:
            message = str(response.json().get("message", ""))
        except (ValueError, AttributeError):
            message = ""
        raise ReleaseError(
            f"{self._target.api_host} refused to {what}: {response.status_code} {message}. Remedy: {remedy}."
        )
