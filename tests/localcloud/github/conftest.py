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

TOKEN = "ghp_seeded"


class Serve(Protocol):
    def __call__(self, routes: Sequence[BaseRoute]) -> str: ...


class Start(Protocol):
    def __call__(self, wanted: GitHubSeed, **options: Any) -> "Client": ...


class Client(AbstractContextManager["Client"]):
    """Speaks to one served GitHub and remembers every REST exchange."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.host = base.partition("://")[2]
        self.exchanges: list[httpx.Response] = []
        self._http = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False)

    def __exit__(self, *_: object) -> None:
        self._http.close()

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
    return GitHubSeed(
        token=TOKEN, owner="mano-app", repository="mano", users=("ada", "bob"), teams={"core": ("ada", "bob")}
    )


@pytest.fixture
def start(serve: Serve, tmp_path: Path) -> Iterator[Start]:
    """Start a GitHub over the test's state; a second start is what a restart would be."""

    def open_client(wanted: GitHubSeed, **options: Any) -> Client:
        service = GitHubService(tmp_path / "github", wanted, **options)
        return stack.enter_context(Client(serve(service.routes())))

    with ExitStack() as stack:
        yield open_client


@pytest.fixture
def github(start: Start, seed: GitHubSeed) -> Client:
    return start(seed)


@pytest.fixture
def stored(tmp_path: Path) -> Any:
    """Read the state file as it is on the disk now."""
    return lambda: json.loads((tmp_path / "github" / "github.json").read_text(encoding="utf-8"))
