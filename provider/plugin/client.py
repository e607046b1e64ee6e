"""The Supabase Management API, as far as the provider needs it."""

import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from traceback import extract_tb
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from provider.plugin.errors import (
    AmbiguousError,
    CancelledError,
    InvalidInputError,
    NotFoundError,
    UnknownFormError,
    UnreachableError,
    refusal,
)
from provider.plugin.values import UNKNOWN, Properties

# The form that the Supabase CLI 3.1.0 accepts (read from its binary).
TOKEN_FORM = re.compile(r"sbp_(oauth_|v0_)?[a-f0-9]{40}")
REF_FORM = re.compile(r"[a-z]{20}")
ATTEMPTS = 5
LONGEST_REASON = 1000
LONGEST_PAUSE = 60.0
"""Seconds; the rate limit counts by the minute, so a longer wait is never useful."""
Answer = TypeVar("Answer")
DEFAULT_ENDPOINT = "https://api.supabase.com"
DEFAULT_PROJECT_URL = "https://{ref}.supabase.co"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class AnsweredError(Exception):
    """An unsuccessful answer on its way to the retry rule; it never leaves this file."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


@dataclass(frozen=True)
class Client:
    """One connection pool to one Management API; safe to use from many threads.

    Attributes:
        token: a personal or scoped access token; "" is an error at the first call.
        endpoint: the API's root URL, without a slash at the end.
        project_url: a project's own URL, with "{ref}" where the ref goes.
        transport: another transport than the network, for tests.
        pause_unit: seconds of the first pause between tries; it doubles with each.
    """

    token: str = field(repr=False)
    endpoint: str = DEFAULT_ENDPOINT
    project_url: str = DEFAULT_PROJECT_URL
    transport: httpx.BaseTransport | None = None
    pause_unit: float = 0.5
    cancelled: threading.Event = field(default_factory=threading.Event)
    asked: threading.local = field(default_factory=threading.local, repr=False, compare=False)
    """Of each thread: `action` of the last call that was answered."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, *, stack: str = "") -> "Client":
        """Read token and addresses from the environment, so that none of them is ever in a stack's state.

        A token of the stack alone, such as SUPABASE_ACCESS_TOKEN_STAGING, comes before that of all stacks.
        """
        own = f"SUPABASE_ACCESS_TOKEN_{re.sub('[^A-Za-z0-9]', '_', stack).upper()}"
        return cls(
            token=(environment.get(own) or environment.get("SUPABASE_ACCESS_TOKEN", "")).strip(),
            endpoint=(environment.get("SUPABASE_API_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/"),
            project_url=(environment.get("SUPABASE_PROJECT_URL") or DEFAULT_PROJECT_URL).rstrip("/"),
        )

    def url_of(self, ref: str) -> str:
        """Give a project's own URL, the one its functions and its Auth API live under."""
        return self.project_url.replace("{ref}", ref)

    def call(self, method: str, path: str, *, action: str, repeatable: bool = False, **request: Any) -> Any:
        """Send one request and give the decoded answer (None where the body is empty).

        Args:
            method: the HTTP verb; a GET is always repeated after a fault of network or server.
            path: below the endpoint, beginning with /v1/.
            action: what this call is for, as in "could not …", for messages.
            repeatable: sending it twice has the effect of sending it once. Refusals with 429 had no effect and are
                always repeated.
            request: `json` and `params`, as httpx takes them.

        Raises:
            InvalidInputError: no usable token or endpoint.
            UnreachableError: no answer, after the retries.
            RefusedError: an answer other than success, after the retries.
        """
        again = repeatable or method == "GET"

        def worthwhile(error: BaseException) -> bool:
            if isinstance(error, AnsweredError):
                return again or error.response.status_code == HTTPStatus.TOO_MANY_REQUESTS
            return isinstance(error, httpx.TransportError) and again

        def once() -> httpx.Response:
            response = self._http.request(method, path, **request)
            if response.status_code == HTTPStatus.TOO_MANY_REQUESTS or response.is_server_error:
                raise AnsweredError(response)
            return response

        try:
            response = Retrying(
                retry=retry_if_exception(worthwhile),
                stop=stop_after_attempt(ATTEMPTS),
                wait=self._pause_before_retry,
                sleep=self.pause,
                reraise=True,
            )(once)
        except AnsweredError as error:
            response = error.response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(
                f"could not {action}: no answer from {self.endpoint} ({type(error).__name__}: {error}). "
                f"Nothing after this step was done. Remedy: check the network, SUPABASE_API_ENDPOINT and "
                f"https://status.supabase.com, then run the command again."
            ) from error
        if not response.is_success:
            raise refusal(action, response.status_code, _reason(response))
        self.asked.action = action
        if not response.content.strip():
            return None
        try:
            return response.json()
        except (ValueError, RecursionError) as error:
            raise UnreachableError(
                f"could not {action}: {self.endpoint} did not answer with JSON, so it is not the Management API. "
                f"Remedy: check SUPABASE_API_ENDPOINT and proxies."
            ) from error

    def in_form(self, work: Callable[[], Answer]) -> Answer:
        """Do work that uses answers; where one has another form than the Management API's, that is the error.

        Raises:
            UnknownFormError: an answer lacks what it should have, or has it in another type.
        """
        self.asked.action = None
        try:
            return work()
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            if self.asked.action is None:
                raise
            place = extract_tb(error.__traceback__)[-1]
            raise UnknownFormError(
                f"could not {self.asked.action}: what {self.endpoint} answered has another form than the Management "
                f"API's ({type(error).__name__} in {Path(place.filename).name}:{place.lineno}). Nothing after it was "
                f"done. Remedy: check SUPABASE_API_ENDPOINT and proxies; if they are right, the API has changed: take "
                f"up a newer version of this project."
            ) from error

    def project(self, ref: str) -> dict[str, Any] | None:
        """Read a project, or give None where it is gone.

        Raises:
            InvalidInputError: `ref` has not the form of a project ref.
        """
        require_ref(ref)
        try:
            project: dict[str, Any] = self.call("GET", f"/v1/projects/{ref}", action=f"read project {ref}")
        except NotFoundError:
            return None
        return None if project["status"] == "REMOVED" else project

    def project_named(self, organization: str, name: str) -> dict[str, Any] | None:
        """Find the organization's project of that name, leaving out what is being deleted.

        Raises:
            AmbiguousError: there are several; the platform allows it.
        """
        same: list[dict[str, Any]] = [
            project
            for project in self.call("GET", "/v1/projects", action="list the projects")
            if (project["organization_slug"], project["name"]) == (organization, name)
            and project["status"] not in ("REMOVED", "GOING_DOWN")
        ]
        if len(same) > 1:
            raise AmbiguousError(
                f"organization {organization} has {len(same)} projects called {name} "
                f"({', '.join(project['ref'] for project in same)}), and nothing tells which one is meant. Remedy: "
                f"name it by its ref (`import_=<ref>` for a resource), or delete or rename the others."
            )
        return same[0] if same else None

    def pause(self, seconds: float) -> None:
        """Wait, and stop waiting when the engine cancels.

        Raises:
            CancelledError: the engine cancelled.
        """
        if self.cancelled.wait(seconds):
            raise CancelledError("cancelled; run the command again to continue")

    def _pause_before_retry(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, AnsweredError) and (seconds := _asked_pause(error.response)) is not None:
            return min(seconds, LONGEST_PAUSE)
        return float(min(self.pause_unit * 2 ** (state.attempt_number - 1), LONGEST_PAUSE))

    @cached_property
    def _http(self) -> httpx.Client:
        if not self.token:
            raise InvalidInputError(
                "SUPABASE_ACCESS_TOKEN is not set, so Supabase can't be asked anything. Remedy: create a token at "
                "https://supabase.com/dashboard/account/tokens and export it under that name, or work on the local "
                "cloud with `python -m localcloud exec -- …`."
            )
        if not TOKEN_FORM.fullmatch(self.token):
            raise InvalidInputError(
                "SUPABASE_ACCESS_TOKEN has not the form of a Supabase access token (sbp_ and 40 hexadecimal digits), "
                "so it was not sent. Remedy: copy the whole token from https://supabase.com/dashboard/account/tokens; "
                "a project's API key is something else."
            )
        address = urlsplit(self.endpoint)
        local = address.hostname in LOOPBACK
        if address.scheme != "https" and not (local and address.scheme == "http"):
            raise InvalidInputError(
                f"SUPABASE_API_ENDPOINT is {self.endpoint}: the access token is only sent by https, or to this "
                f"machine. Remedy: give an https:// address, or unset it for {DEFAULT_ENDPOINT}."
            )
        return httpx.Client(
            base_url=self.endpoint,
            headers={"Authorization": f"Bearer {self.token}", "User-Agent": "pulumi-resource-supabase"},
            timeout=httpx.Timeout(30.0, connect=10.0),
            transport=self.transport,
            trust_env=not local,  # a proxy of the environment can't reach this machine's loopback
        )


def find_ref_problems(inputs: Properties) -> list[str]:
    """Say what is wrong with the input `project` of a resource that belongs to one; nothing while it is unknown."""
    project = inputs.get("project")
    if isinstance(project, str) and (project == UNKNOWN or REF_FORM.fullmatch(project)):
        return []
    return ["project must be a project's ref: 20 letters a to z"]


def require_ref(ref: str) -> None:
    """Refuse a text that has not the form of a project ref, before it becomes part of an address."""
    if not REF_FORM.fullmatch(ref):
        raise InvalidInputError(f"{ref!r} is no project ref. Remedy: give the ref, 20 letters a to z.")


def _reason(response: httpx.Response) -> str:
    """Give what the API says of its refusal; of what is none of its messages, such as a proxy's page, just the name."""
    try:
        message = response.json()["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        message = None
    if not isinstance(message, str) or not message.strip():
        message = response.reason_phrase or "no reason"
    shown = "".join(character if character.isprintable() else "?" for character in " ".join(message.split()))
    return shown[:LONGEST_REASON].rstrip(". ")


def _asked_pause(response: httpx.Response) -> float | None:
    """Read how many seconds the server asks to wait: Retry-After (RFC 9110, seconds or a date) or x-ratelimit-reset."""
    asked = response.headers.get("retry-after") or response.headers.get("x-ratelimit-reset")
    if asked is None:
        return None
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (IndexError, OverflowError, TypeError, ValueError):
        return None
