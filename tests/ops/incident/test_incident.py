"""The commands of incidents, against a channel and a status page on loopback."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.incident import command
from release.error import ReleaseError
from settings.incidents import IncidentSettings
from settings.reading import read_files
from settings.stack import Settings
from tests.serving import serving

ROOT = Path(__file__).parents[3]
KEY, PAGE = "a-key-nobody-may-see", "kctbh9vrtdwd"


def production() -> Settings:
    return read_files(ROOT, "production")


class Told(HTTPServer):
    """A channel and a page; `texts` and `calls` are what they were told, `broken` makes the page refuse."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.calls: list[tuple[str, str, Any]] = []
        self.open: dict[str, dict[str, Any]] = {}
        self.broken = False
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Told

    def do_POST(self) -> None:
        body = self._body()
        if self.path == "/channel":
            self.server.texts.append(body["text"])
            self._answer(200, {})
            return
        if self.server.broken:
            self._on_page(422, {}, body)
            return
        incident = {"id": f"i{len(self.server.open)}", "created_at": "2026-11-26T10:00:00Z", "impact": "none"}
        told = body["incident"]
        self.server.open[str(incident["id"])] = incident | {
            "name": told["name"], "status": told["status"], "impact": told["impact_override"],
        }  # fmt: skip
        self._on_page(201, self.server.open[str(incident["id"])], body)

    def do_PATCH(self) -> None:
        body = self._body()
        incident = self.server.open.get(self.path.rsplit("/", 1)[-1])
        if incident is None:
            self._answer(404, {"error": "not found"})
            return
        incident["status"] = body["incident"]["status"]
        self._on_page(200, incident, body)

    def do_GET(self) -> None:
        open_ones = [entry for entry in self.server.open.values() if entry["status"] != "resolved"]
        self._on_page(200, open_ones, None)

    def _on_page(self, status: int, answer: Any, body: Any) -> None:
        assert self.headers["Authorization"] == f"OAuth {KEY}"
        assert self.path.startswith(f"/v1/pages/{PAGE}/incidents")
        self.server.calls.append((self.command, self.path.removeprefix(f"/v1/pages/{PAGE}"), body))
        self._answer(status, answer)

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    with serving(Told()) as server:
        incidents = IncidentSettings(
            channel="INCIDENTS_WEBHOOK", status_page="STATUSPAGE_KEY", status_page_id=PAGE, components=("api",)
        )
        settings = production().model_copy(
            update={"incidents": incidents, "contacts": {"production": "the one on call"}}
        )
        monkeypatch.setattr(command, "read_files", lambda *_: settings)
        monkeypatch.setenv("INCIDENTS_WEBHOOK", f"{server.address}/channel")
        monkeypatch.setenv("STATUSPAGE_KEY", KEY)
        monkeypatch.setenv("STATUSPAGE_API_ENDPOINT", server.address)
        yield server


def run(*arguments: str) -> tuple[int, Any, Exception | None]:
    result = CliRunner().invoke(command.app, [*arguments, "--json"])
    error = result.exception if isinstance(result.exception, ReleaseError) else None
    return result.exit_code, json.loads(result.stdout) if result.stdout else None, error


def test_an_incident_is_opened_updated_and_closed_in_both_places(told: Told) -> None:
    code, opened, _ = run("open", "Chat is down", "--text", "Nobody gets an answer.", "--impact", "critical")
    assert code == 0
    assert opened["incident"]["status"] == "investigating"
    assert told.texts[0].splitlines() == [
        "INCIDENT (critical) in production: Chat is down",
        "Nobody gets an answer.",
        "production: the one on call",
    ]
    assert told.calls[-1] == (
        "POST",
        "/incidents",
        {
            "incident": {
                "name": "Chat is down",
                "status": "investigating",
                "impact_override": "critical",
                "body": "Nobody gets an answer.",
                "component_ids": ["api"],
                "components": {"api": "major_outage"},
            }
        },
    )
    assert run("update", "--text", "A release is taken back.")[0] == 0
    assert CliRunner().invoke(command.app, ["list"]).stdout.startswith("i0  identified, critical")
    assert run("close", "i0", "--text", "It works again.")[0] == 0
    assert told.calls[-1][2]["incident"]["components"] == {"api": "operational"}
    assert len(told.texts) == 3
    assert CliRunner().invoke(command.app, ["list"]).stdout == "nothing is open\n"


def test_the_channel_is_told_though_the_page_refuses_and_the_other_way_round(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.broken = True
    code, outcome, error = run("open", "Chat is down", "--text", "x")
    assert (code, outcome["channel"], outcome["incident"], len(told.texts)) == (1, True, None, 1)
    assert "status page refused: 422" in str(error)
    told.broken = False
    monkeypatch.setenv("INCIDENTS_WEBHOOK", "http://127.0.0.1:9/secret-path")
    code, outcome, error = run("open", "Chat is down", "--text", "x")
    assert (code, outcome["channel"]) == (1, False)
    assert outcome["incident"]["id"] == "i0"
    assert "the incidents channel was not told: ConnectError" in str(error)
    assert "secret-path" not in str(error)
    assert KEY not in str(error)


def test_which_incident_is_meant_has_to_be_clear(told: Told) -> None:
    code, _, error = run("close", "--text", "x")
    assert code == 1
    assert "No incidents are open" in str(error)
    assert told.open == {}


@pytest.mark.parametrize("told_where", [None, {"statusPage": "STATUSPAGE_KEY"}])
def test_where_nobody_is_named_nobody_is_said_to_be_told(
    monkeypatch: pytest.MonkeyPatch, told_where: dict[str, str] | None
) -> None:
    incidents = IncidentSettings.model_validate(told_where) if told_where else None
    settings = production().model_copy(update={"incidents": incidents})
    monkeypatch.setattr(command, "read_files", lambda *_: settings)
    monkeypatch.setenv("STATUSPAGE_KEY", KEY)
    code, _, error = run("open", "Chat is down", "--text", "x")
    assert code == 1
    assert "Remedy: incidents.channel" in str(error) or "Remedy: name the page" in str(error)


def test_an_answer_of_another_form_is_one_clear_error(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.open["i0"] = {"id": "i0", "status": "identified"}
    result = CliRunner().invoke(command.app, ["list"])
    assert isinstance(result.exception, ReleaseError)
    assert "answered in no form that is known" in str(result.exception)
    monkeypatch.setenv("STATUSPAGE_KEY", f"{KEY}\n")
    result = CliRunner().invoke(command.app, ["list"])
    assert isinstance(result.exception, ReleaseError)
    assert "STATUSPAGE_KEY holds characters that no token has" in str(result.exception)
    assert KEY not in str(result.exception)
