"""Users of the released app: requests at a bounded rate, every answer checked, every written row read back."""

import http.client
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.engine.checkout import Live

# Requests a second of one user, and how many users do nothing but that.
_RATES = {"health": (30, 3), "read a person": (20, 3), "write a person": (12, 3), "chat": (3, 2)}
_REMEMBERED = 200  # rows of one user that it reads again and again
# The server closes a connection that was idle for 5 s; a request sent at that moment would be lost to no fault of it.
_IDLE_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as its user saw it.

    Attributes:
        kind: what it was for.
        begun: when, in seconds of `time.monotonic`.
        seconds: how long it took.
        status: what was answered; 0 where nothing was.
        complaint: what was wrong with the answer; empty where it was right.
        fields: names in the answered object.
    """

    kind: str
    begun: float
    seconds: float
    status: int
    complaint: str
    fields: frozenset[str] = frozenset()


@dataclass
class User:
    """Somebody signed in who makes one kind of request, over a connection that is kept."""

    url: str
    token: str = field(repr=False)
    requests: list[Request] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None
    _used: float = 0

    def call(
        self, kind: str, method: str, path: str, body: Any = None, *, right: Callable[[Any], bool]
    ) -> dict[str, Any]:
        """Make a request and note how it went; gives the answer where it was right."""
        begun = time.monotonic()
        status, document, complaint = 0, None, ""
        try:
            status, text = self._exchange(method, path, body)
            document = json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            complaint = f"{type(error).__name__}: {error}"
            self.close()
        else:
            if not 200 <= status < 300 or not isinstance(document, dict) or not right(document):
                complaint = text.decode(errors="replace")[:300]
        answer = document if isinstance(document, dict) and not complaint else {}
        inner = next((value for value in answer.values() if isinstance(value, dict)), answer)
        self.requests.append(
            Request(
                kind=kind, begun=begun, seconds=time.monotonic() - begun, status=status, complaint=complaint,
                fields=frozenset(inner),
            )
        )  # fmt: skip
        return answer

    def _exchange(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        now = time.monotonic()
        if now - self._used > _IDLE_SECONDS:
            self.close()
        if self._connection is None:
            self._connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        payload = None if body is None else json.dumps(body)
        self._connection.request(method, f"{urlsplit(self.url).path}/functions/v1/{path}", payload, headers)
        response = self._connection.getresponse()
        text = response.read()
        self._used = time.monotonic()
        return response.status, text

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def health(self) -> None:
        self.call("health", "GET", "health", right=lambda answer: answer.get("status") == "ok")

    def write(self) -> None:
        name = f"person {uuid.uuid4()}"
        answer = self.call(
            "write a person", "POST", "people", {"name": name}, right=lambda answer: answer["person"]["name"] == name
        )
        if answer:
            self.written[answer["person"]["id"]] = name

    def read(self) -> None:
        if len(self.written) < _REMEMBERED and random.random() < 0.1:  # noqa: S311 - no secret
            self.write()
            return
        identifier, name = random.choice(list(self.written.items()))  # noqa: S311 - no secret
        self.call(
            "read a person", "GET", f"people/{identifier}",
            right=lambda answer: (answer["person"]["id"], answer["person"]["name"]) == (identifier, name),
        )  # fmt: skip

    def chat(self) -> None:
        identifier = next(iter(self.written))
        question = f"What about {uuid.uuid4()}?"
        self.call(
            "chat", "POST", "chat", {"person_id": identifier, "message": question},
            right=lambda answer: question in answer["message"]["content"],
        )  # fmt: skip


@dataclass(frozen=True)
class Traffic:
    """What all users did.

    Attributes:
        users: each with its requests and rows.
        begun: when the first request may have been made, in seconds of `time.monotonic`.
    """

    users: list[User]
    begun: float = field(default_factory=time.monotonic)

    @property
    def requests(self) -> list[Request]:
        return [request for user in self.users for request in list(user.requests)]

    def failures(self) -> list[str]:
        return [
            f"{request.begun - self.begun:.2f} s: {request.kind}: {request.status} {request.complaint}"
            for request in sorted(self.requests, key=lambda request: request.begun)
            if request.complaint
        ]

    def lost_rows(self) -> set[str]:
        """Give the rows that were written and that the app does not list, with their names, to their owner."""
        lost = set()
        for user in self.users:
            listed = user.call("read all people", "GET", "people", right=lambda answer: "people" in answer)
            found = {person["id"]: person["name"] for person in listed.get("people", [])}
            lost |= {identifier for identifier, name in user.written.items() if found.get(identifier) != name}
            user.close()
        return lost

    def table(self) -> str:
        """Give a line for each kind: how many, with which statuses, the median and the slowest."""
        lines = []
        for kind in sorted({request.kind for request in self.requests}):
            of_kind = [request for request in self.requests if request.kind == kind]
            seconds = sorted(request.seconds for request in of_kind)
            statuses = dict(sorted(Counter(request.status for request in of_kind).items()))
            failed = sum(bool(request.complaint) for request in of_kind)
            lines.append(
                f"{kind:16} {len(of_kind):6} requests, {failed} failed, statuses {statuses},"
                f" median {seconds[len(seconds) // 2] * 1000:.0f} ms, slowest {seconds[-1] * 1000:.0f} ms"
            )
        failed = sum(bool(request.complaint) for request in self.requests)
        return "\n".join([*lines, f"{'in all':16} {len(self.requests):6} requests, {failed} failed"])


@contextmanager
def flowing(live: Live, users: list[User] | None = None) -> Iterator[Traffic]:
    """Let the users make requests until the block is left; they are signed up where none are given.

    Args:
        live: the released project.
        users: of an earlier traffic, who keep their rows, and forget their requests.
    """
    work = [(kind, rate) for kind, (rate, count) in _RATES.items() for _ in range(count)]
    traffic = Traffic([User(user.url, user.token, written=user.written) for user in users or _sign_up(live, len(work))])
    ended = threading.Event()
    threads = [
        threading.Thread(target=_keep_asking, args=(user, kind, rate, ended))
        for user, (kind, rate) in zip(traffic.users, work, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield traffic
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _keep_asking(user: User, kind: str, rate: float, ended: threading.Event) -> None:
    ask = {"health": user.health, "read a person": user.read, "write a person": user.write, "chat": user.chat}[kind]
    while not user.written and not ended.is_set():
        user.write()
    due = time.monotonic()
    while not ended.wait(max(0, due - time.monotonic())):
        # A user who was kept waiting does not make up for it.
        due = max(due, time.monotonic()) + 1 / rate
        ask()
    user.close()


def _sign_up(live: Live, count: int) -> list[User]:
    keys = live.api("GET", "/api-keys?reveal=true").json()
    secret = next(key["api_key"] for key in keys if key.get("api_key") and key["type"] == "secret")
    users = []
    with httpx.Client(base_url=f"{live.url}/auth/v1", headers={"apikey": secret}, timeout=30) as client:
        for _ in range(count):
            who = {"email": f"user-{uuid.uuid4()}@example.com", "password": str(uuid.uuid4())}
            created = client.post("/admin/users", json={**who, "email_confirm": True})
            assert created.status_code == 200, created.text
            token = client.post("/token", params={"grant_type": "password"}, json=who)
            assert token.status_code == 200, token.text
            users.append(User(live.url, token.json()["access_token"]))
    return users
