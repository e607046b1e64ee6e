import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from nacl.public import PublicKey, SealedBox

from localcloud.github.seed import GitHubSeed
from localcloud.github.service import GitHubService
from localcloud.github.tokens import GitHubToken, WantedToken
from tests.localcloud.conftest import serving

TOKEN = "ghp_seeded"


class Start(Protocol):
    def __call__(self, wanted: GitHubSeed, **options: Any) -> "Client": ...


class Client(AbstractContextManager["Client"]):
    """Speaks to one served GitHub with one token; all who speak to it share the list of REST exchanges."""

    def __init__(self, base: str, service: GitHubService, token: str, exchanges: list[httpx.Response]) -> None:
        self.base = base
        self.host = base.partition("://")[2]
        self.token = token
        self.exchanges = exchanges
        self.service = service
        self._others: dict[str, Client] = {}
        self._http = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, trust_env=False)

    def __exit__(self, *_: object) -> None:
        for other in self._others.values():
            other.__exit__()
        self._http.close()

    def user(self, login: str, **held: Any) -> "Client":
        """Speak as another user, with what their token shall hold."""
        return self._other(WantedToken(login=login, **held))

    def app(self, slug: str, **held: Any) -> "Client":
        """Speak as an app, with what its token shall hold."""
        return self._other(WantedToken(app=slug, **held))

    def _other(self, wanted: WantedToken) -> "Client":
        name = wanted.model_dump_json()
        if name not in self._others:
            token = self.service.issue_token(wanted)
            self._others[name] = Client(self.base, self.service, token, self.exchanges)
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


def seeded(**more: Any) -> GitHubSeed:
    """Give what most tests start with, changed where told."""
    wanted: dict[str, Any] = {"users": ("ada", "bob"), "teams": {"core": ("ada", "bob")}} | more
    administrator = GitHubToken(TOKEN, wanted["users"][0])
    return GitHubSeed(tokens=(administrator,), owner="mano-app", repository="mano", **wanted)


@contextmanager
def running(folder: Path, wanted: GitHubSeed, **options: Any) -> Iterator[Client]:
    """Serve a GitHub over a folder; the same folder again is what a restart would be."""
    service = GitHubService(folder, wanted, **options)
    with serving(service.routes()) as base, Client(base, service, TOKEN, []) as client:
        yield client


@pytest.fixture
def seed() -> GitHubSeed:
    return seeded()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a GitHub over the test's state."""
    with ExitStack() as stack:
        yield lambda wanted, **options: stack.enter_context(running(tmp_path / "github", wanted, **options))


@pytest.fixture
def github(start: Start, seed: GitHubSeed) -> Client:
    return start(seed)


@pytest.fixture
def stored(tmp_path: Path) -> Any:
    """Read the state file as it is on the disk now."""
    return lambda: json.loads((tmp_path / "github" / "github.json").read_text(encoding="utf-8"))
