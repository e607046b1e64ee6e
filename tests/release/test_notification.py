import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from release.notification import describe_failure, describe_release, tell_team
from release.record import Record
from tests.conftest import ROOT
from tests.serving import serving

SECRET_PATH = "/services/not-for-logs-77b0"


class Channel(HTTPServer):
    """A webhook that answers the given statuses in turn, then 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.texts: list[str] = []
        super().__init__(("127.0.0.1", 0), _Post)


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Channel)
        self.server.texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> Iterator[Channel]:
    with serving(Channel(*getattr(request, "param", ()))) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project whose staging stack names a webhook, as the current folder."""
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    text = (ROOT / "Pulumi.staging.yaml").read_text(encoding="utf-8")
    (tmp_path / "Pulumi.staging.yaml").write_text(f"{text}  mano:notification: TEAM\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("channel", [(), (500,)], indirect=True)
def test_the_channel_gets_the_text_at_the_second_try_at_the_latest(
    project: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.is_dir()
    monkeypatch.setenv("TEAM", f"http://127.0.0.1:{channel.server_port}{SECRET_PATH}")
    assert tell_team("staging", "hello " + "x" * 5000)
    assert channel.texts[-1].startswith("hello xxx")
    assert len(channel.texts[-1]) == 2000


@pytest.mark.parametrize("channel", [(500, 404)], indirect=True)
def test_a_channel_that_refuses_is_told_without_its_address(
    project: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.is_dir()
    monkeypatch.setenv("TEAM", f"http://127.0.0.1:{channel.server_port}{SECRET_PATH}")
    assert not tell_team("staging", "hello")
    told = capsys.readouterr().err
    assert told == (
        "the team channel was not told (the webhook in TEAM was not reached: it answered 404);"
        " the release itself is not affected\n"
    )


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/secret-path", "no address, but secret-path"])
def test_a_channel_that_is_not_there_is_told_without_its_address(
    project: Path, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.is_dir()
    monkeypatch.setenv("TEAM", address)
    assert not tell_team("staging", "hello")
    told = capsys.readouterr().err
    assert "the team channel was not told" in told
    assert "secret-path" not in told


def test_without_a_channel_nobody_is_told_and_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Pulumi.yaml", "Pulumi.staging.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert not tell_team("staging", "hello")
    assert capsys.readouterr().err == ""


def record(kind: str, reason: str | None = None) -> Record:
    return Record(
        number=7, kind=kind, digest="a" * 64, tree="t", commit="c" * 40, dirty=False, by="ada",
        at="2026-01-01T00:00:00Z", migrations=("1", "2"), functions={"health": "h"}, reason=reason,
        seconds={"migrations": 2.4, "function:health": 1.2},
    )  # fmt: skip


def test_what_is_said_names_stack_hash_commit_person_and_reason() -> None:
    assert describe_release("staging", record("release")) == (
        "Release 7 is live in staging: aaaaaaaaaaaa, commit cccccccccc, by ada\n"
        "functions: 1, migrations: 2, 4 s of work"
    )
    assert describe_release("production", record("hotfix", "logins fail")).startswith("HOTFIX 7 is live in production")
    assert describe_release("production", record("rollback", "slow")).endswith("\nReason: slow")
    assert (
        describe_failure("staging", "migrate", "it broke") == "Release to staging FAILED in step `migrate`:\nit broke"
    )
