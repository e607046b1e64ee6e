"""Reads an API: every call of the audit goes through here, and none of them can write."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from ops.audit.refusal import Refusal
from settings.printable import printable

_PAGE = 100
_AT_ONCE = 8
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_PASSING = frozenset({429, 500, 502, 503, 504, 520, 522, 524})
# Attempts for each call, and seconds that it waits at most; a limit that holds longer is told instead.
_ATTEMPTS, _PATIENCE = 4, 60.0
# More seconds than any moment that is told has since 1970; what is asked beyond is a mistake of the API's.
_LONGEST_ASKED = 1e11
_LONGEST_MESSAGE = 300
_enough = stop_after_attempt(_ATTEMPTS) | stop_after_delay(_PATIENCE)


class Reader:
    """A client of one API that reads, and only reads.

    Attributes:
        calls: how many requests were sent, retries included.
    """

    def __init__(
        self, name: str, base: str, headers: dict[str, str], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Take the API's name for messages, its base address, what each request carries, and another transport."""
        self.calls = 0
        self._name = name
        self._client = httpx.AsyncClient(
            base_url=f"{base.rstrip('/')}/", headers=headers, timeout=30, transport=transport
        )
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def get(self, path: str, *, permission: str, absent: bool = False) -> Any:
        """Give the JSON at a path.

        Args:
            path: below the base address.
            permission: what a token needs for it, where the answer does not tell.
            absent: whether 404 means that there is none, and not that the token may not see it.

        Returns:
            The JSON; None where there is none; or a `Refusal`.
        """
        return await self._read(lambda: self._client.get(path), path, permission, absent=absent)

    async def get_all(self, path: str, key: str | None = None, *, permission: str) -> Any:
        """Give every entry of a list, page by page; of the one under `key` where the answer is an object."""
        found: list[Any] = []
        joint = "&" if "?" in path else "?"
        for page in range(1, 1000):
            answer = await self.get(f"{path}{joint}per_page={_PAGE}&page={page}", permission=permission)
            if isinstance(answer, Refusal):
                return answer
            entries = answer[key] if key else answer
            found += entries
            if len(entries) < _PAGE:
                break
        return found

    async def query(self, path: str, document: str, variables: dict[str, Any], *, permission: str) -> Any:
        """Give the data of a GraphQL query; one that begins otherwise is a mistake of ours."""
        assert document.startswith("query"), document  # noqa: S101 - mutations never come through here
        body = {"query": document, "variables": variables}
        answer = await self._read(lambda: self._client.post(path, json=body), path, permission, absent=False)
        if isinstance(answer, Refusal):
            return answer
        if answer.get("errors"):
            return Refusal(reason=f"{self._name}: {_shorten(answer['errors'][0]['message'])}", permission=permission)
        return answer["data"]

    async def select(self, path: str, sql: str, *, permission: str) -> Any:
        """Give the rows of a query that the platform runs as a role that can only read."""
        return await self._read(lambda: self._client.post(path, json={"query": sql}), path, permission, absent=False)

    async def _read(
        self, send: Callable[[], Awaitable[httpx.Response]], path: str, permission: str, *, absent: bool
    ) -> Any:
        async def once() -> httpx.Response:
            async with self._slots:
                self.calls += 1
                return await send()

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(httpx.TransportError) | retry_if_result(_is_passing),
            stop=lambda state: _enough(state) or _waits_too_long(state),
            wait=_wait,
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        try:
            response: httpx.Response = await retrying(once)
            if response.status_code == _NOT_FOUND and absent:
                return None
            if response.is_success:
                return response.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Refusal(reason=f"{self._name} does not answer ({type(error).__name__})")
        except (ValueError, RecursionError):
            return Refusal(reason=f"{self._name} answered {path} with something that is no JSON")
        return self._refuse(response, permission)

    def _refuse(self, response: httpx.Response, permission: str) -> Refusal:
        status, path = response.status_code, response.request.url.path
        if _is_passing(response):
            return Refusal(reason=f"{self._name} answered {path} with {status} each time{_until(response)}")
        try:
            message = _shorten(response.json().get("message", ""))
        except (ValueError, AttributeError, RecursionError):
            message = ""
        needed = response.headers.get("x-accepted-github-permissions") or permission
        lacks_rights = status in {_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND}
        reason = f"{self._name} answered {path} with {status} {message}".rstrip()
        return Refusal(reason=reason, permission=needed if lacks_rights else None)


async def read_in_form(api: str, part: str, reading: Awaitable[Any]) -> Any:
    """Give what a reading of several calls comes to; a `Refusal` where an answer on its way had another form.

    Args:
        api: whose answers they are, for the sentence.
        part: what is read.
        reading: the calls.
    """
    try:
        return await reading
    except (AttributeError, IndexError, KeyError, TypeError):
        return Refusal(reason=f"what {api} answered of {part} has another form than its contract")


def _shorten(message: object) -> str:
    return printable(" ".join(str(message).split()))[:_LONGEST_MESSAGE]


def _is_passing(response: httpx.Response) -> bool:
    """Tell whether the answer may be another one later; GitHub's limits come as 403 too."""
    limited = response.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in response.headers
    return response.status_code in _PASSING or (response.status_code == _FORBIDDEN and limited)


def _asked(response: httpx.Response) -> float | None:
    """Give the seconds that the API asks to wait, None where it does not."""
    after = response.headers.get("retry-after", "")
    if after.isdecimal():
        return min(float(after), _LONGEST_ASKED)
    reset = response.headers.get("x-ratelimit-reset", "")
    if not reset.isdecimal() or response.headers.get("x-ratelimit-remaining", "0") != "0":
        return None
    # GitHub tells a moment, Supabase a number of seconds.
    moment, now = min(float(reset), _LONGEST_ASKED), datetime.now(UTC).timestamp()
    return max(moment - now, 0.0) + 1.0 if moment > now / 2 else moment


def _wait(state: RetryCallState) -> float:
    response = None if state.outcome is None or state.outcome.failed else state.outcome.result()
    asked = None if response is None else _asked(response)
    return wait_random_exponential(0.25, max=4)(state) if asked is None else asked


def _waits_too_long(state: RetryCallState) -> bool:
    response = None if state.outcome is None or state.outcome.failed else state.outcome.result()
    return response is not None and (_asked(response) or 0.0) > _PATIENCE


def _until(response: httpx.Response) -> str:
    asked = _asked(response)
    return f"; it asks to wait {round(asked)} s" if asked else ""
