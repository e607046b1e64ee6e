import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from release import sentry
from release.record import Record
from settings.reading import read_files
from settings.sentry import SentrySettings
from tests.serving import serving

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-nobody-may-see"
RECORD = Record(
    number=7, kind="release", digest="d" * 64, tree="t" * 64, commit="c" * 40, dirty=False, by="ada",
    at="2026-11-26T10:00:00Z", migrations=(), functions={},
)  # fmt: skip


class Sentry(HTTPServer):
    """What takes releases; `calls` is what it was told, `status` how it answers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.status = 201
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Sentry

    def do_POST(self) -> None:
        assert self.headers["Authorization"] == f"Bearer {TOKEN}"
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append((self.path, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sentry]:
    with serving(Sentry()) as server:
        told = SentrySettings(
            token="SENTRY_TOKEN", organization="acme", projects=("ios",), url=f"http://127.0.0.1:{server.server_port}"
        )
        settings = read_files(ROOT, "production").model_copy(update={"sentry": told})
        monkeypatch.setattr(sentry, "read_files", lambda *_: settings)
        monkeypatch.setenv("SENTRY_TOKEN", TOKEN)
        yield server


def test_a_release_and_its_deploy_are_marked(there: Sentry) -> None:
    assert sentry.mark_release("production", RECORD)
    releases = "/api/0/organizations/acme/releases/"
    assert there.calls == [
        (releases, {"version": "c" * 40, "projects": ["ios"]}),
        (f"{releases}{'c' * 40}/deploys/", {"environment": "production", "name": "release 7"}),
    ]


def test_one_that_refuses_fails_nothing_and_tells_no_token(there: Sentry, capsys: pytest.CaptureFixture[str]) -> None:
    there.status = 403
    assert not sentry.mark_release("production", RECORD)
    told = capsys.readouterr().err
    assert "it answered 403" in told
    assert TOKEN not in told
    assert len(there.calls) == 1


def test_without_sentry_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_files(ROOT, "production")
    monkeypatch.setattr(sentry, "read_files", lambda *_: settings)
    assert not sentry.mark_release("production", RECORD)
    assert not settings.notifies
    named = settings.model_copy(
        update={"sentry": SentrySettings(token="SENTRY_TOKEN", organization="acme", projects=("ios",))}
    )
    assert named.notifies
    assert "SENTRY_TOKEN" in named.release_secret_names()
