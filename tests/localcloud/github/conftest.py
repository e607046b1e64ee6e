import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from nacl.public import PublicKey, SealedBox
from starlette.routing import BaseRoute

from localcloud.github.seed import GitHubSeed
from localcloud.github.service import GitHubService
from localcloud.github.tokens import GitHubToken

TOKEN = "ghp_seeded"
SEED = GitHubSeed(
    tokens=(GitHubToken(TOKEN, "ada"),),
    owner="mano-app",
    repository="mano",
    users=("ada", "bob"),
    teams={"core": ("ada", "bob")},
)


class Serve(Protocol):
    def __call__(self, routes: Sequence[BaseRoute]) -> str: ...


class Start(Protocol):
    def __call__(self, wanted: GitHubSeed, **options: Any) -> "Client": ...


class Client(AbstractContextManager["Client"]):
    """Speaks to one served GitHub with one token; all who speak to it share the list of REST exchanges."""

    def __init__(self, base: str, service: GitHubService, token: str, exchanges: list[httpx.Response]) -> None:
        self.base = base
        self.host = base.partition("://")[2]
        self.token = token
        self.exchanges = exchanges
        self._service = service
        self._others: dict[str, Client] = {}
        self._http = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, trust_env=False)

    def __exit__(self, *_: object) -> None:
        for other in self._others.values():
            other.__exit__()
        self._http.close()

    def user(self, login: str) -> "Client":
        """Speak as another user."""
        return self._other(login, login=login, app=None)

    def app(self, slug: str) -> "Client":
        """Speak as an app."""
        return self._other(f"{slug}[bot]", login=None, app=slug)

    def _other(self, name: str, **whom: str | None) -> "Client":
        if name not in self._others:
            token = self._service.issue_token(**whom)
            self._others[name] = Client(self.base, self._service, token, self.exchanges)
        return self._others[name]

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self._http.request(method, f"/api/v3{path}", json=body, headers=named)
        self.exchanges.append(response)
        return response

    def query(self, document: str, **variables: Any) -> Any:
        response = self._http.post("/api/graphql", json={"query": document, "variables": variables})
        assert response.status_code == 200
        return response.json()

    def seal(self, path: str, value: str) -> dict[str, str]:
        key = self("GET", f"{path}/public-key").json()
        sealed = SealedBox(PublicKey(b64decode(key["key"]))).encrypt(value.encode())
        return {"key_id": key["key_id"], "encrypted_value": b64encode(sealed).decode()}


@pytest.fixture
def seed() -> GitHubSeed:
    return SEED


@pytest.fixture
def start(serve: Serve, tmp_path: Path) -> Iterator[Start]:
    """Start a GitHub over the test's state; a second start is what a restart would be."""

    def open_client(wanted: GitHubSeed, **options: Any) -> Client:
        service = GitHubService(tmp_path / "github", wanted, **options)
        return stack.enter_context(Client(serve(service.routes()), service, TOKEN, []))

    with ExitStack() as stack:
        yield open_client


@pytest.fixture
def github(start: Start, seed: GitHubSeed) -> Client:
    return start(seed)


@pytest.fixture
def stored(tmp_path: Path) -> Any:
    """Read the state file as it is on the disk now."""
    return lambda: json.loads((tmp_path / "github" / "github.json").read_text(encoding="utf-8"))
