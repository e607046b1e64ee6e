import threading
import time
from email.utils import formatdate

import pytest

from provider.plugin.client import ATTEMPTS, Client
from provider.plugin.errors import (
    CancelledError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    PlanLimitError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
    SupabaseError,
    UnreachableError,
)
from tests.provider.fake_supabase import DROP, TOKEN, FakeSupabase, Fault


def test_a_missing_token_is_named_with_the_way_to_get_one() -> None:
    with pytest.raises(InvalidInputError, match=r"SUPABASE_ACCESS_TOKEN is not set.*dashboard/account/tokens"):
        Client.from_environment({}).call("GET", "/v1/projects", action="list")


@pytest.mark.parametrize(
    "token", ["sbp_123", TOKEN.upper(), "sb_secret_" + "a" * 40, TOKEN + "0", "sbp_x_" + "0" * 40, TOKEN + "\nX: y"]
)
def test_a_token_of_another_form_is_not_sent_nor_shown(supabase: FakeSupabase, token: str) -> None:
    with pytest.raises(InvalidInputError, match="has not the form") as caught:
        Client(token=token, transport=supabase.transport()).call("GET", "/v1/projects", action="list")
    assert token not in str(caught.value)
    assert not supabase.calls


@pytest.mark.parametrize("infix", ["", "oauth_", "v0_"])
def test_the_forms_of_token_that_the_cli_takes_are_sent(supabase: FakeSupabase, infix: str) -> None:
    token = f"sbp_{infix}{'0' * 40}"
    with pytest.raises(NotAllowedError, match="401: Unauthorized"):
        Client(token=token, transport=supabase.transport()).call("GET", "/v1/projects", action="list")


@pytest.mark.parametrize("endpoint", ["http://api.example.org", "ftp://127.0.0.1", "api.supabase.com"])
def test_the_token_is_not_sent_in_the_clear_to_another_machine(supabase: FakeSupabase, endpoint: str) -> None:
    with pytest.raises(InvalidInputError, match="https"):
        Client(token=TOKEN, endpoint=endpoint, transport=supabase.transport()).call("GET", "/v1/projects", action="x")
    assert not supabase.calls


def test_the_environment_configures_addresses() -> None:
    configured = Client.from_environment(
        {
            "SUPABASE_ACCESS_TOKEN": f" {TOKEN}\n",
            "SUPABASE_API_ENDPOINT": "http://127.0.0.1:1/",
            "SUPABASE_PROJECT_URL": "http://127.0.0.1:1/projects/{ref}/",
        }
    )
    assert (configured.token, configured.endpoint) == (TOKEN, "http://127.0.0.1:1")
    assert configured.url_of("abc") == "http://127.0.0.1:1/projects/abc"
    assert TOKEN not in repr(configured)
    assert Client.from_environment({}).endpoint == "https://api.supabase.com"
    own = {"SUPABASE_ACCESS_TOKEN": "of all stacks", "SUPABASE_ACCESS_TOKEN_PRE_PROD": TOKEN}
    assert Client.from_environment(own, stack="pre-prod").token == TOKEN
    assert Client.from_environment(own, stack="staging").token == "of all stacks"
    assert Client.from_environment({"SUPABASE_PROJECT_URL": ""}).url_of("abc") == "https://abc.supabase.co"


@pytest.mark.parametrize("status", [429, 500, 503, 520, DROP])
def test_a_get_is_repeated_after_a_fault(supabase: FakeSupabase, client: Client, status: int) -> None:
    supabase.faults.append(Fault("GET", "/v1/projects", status, times=ATTEMPTS - 1))
    assert client.call("GET", "/v1/projects", action="list the projects") == []
    assert len(supabase.calls) == ATTEMPTS


@pytest.mark.parametrize(
    ("status", "error"), [(429, RateLimitedError), (500, ServerFaultError), (DROP, UnreachableError)]
)
def test_repetition_is_bounded_and_the_error_names_cause_and_remedy(
    supabase: FakeSupabase, client: Client, status: int, error: type[SupabaseError]
) -> None:
    supabase.faults.append(Fault("GET", "/v1/projects", status, times=100))
    with pytest.raises(error, match=r"could not list the projects: .* Remedy: ") as caught:
        client.call("GET", "/v1/projects", action="list the projects")
    assert len(supabase.calls) == ATTEMPTS
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("status", [500, DROP])
def test_a_post_is_not_repeated_after_a_fault_that_leaves_its_effect_unclear(
    supabase: FakeSupabase, client: Client, status: int
) -> None:
    supabase.faults.append(Fault("POST", "/v1/projects", status, times=100))
    body = {"name": "a", "db_pass": "p", "region_selection": {"code": "x"}}
    with pytest.raises((ServerFaultError, UnreachableError)):
        client.call("POST", "/v1/projects", action="create", json=body)
    assert len(supabase.calls) == 1


def test_a_post_refused_for_its_rate_is_repeated(supabase: FakeSupabase, client: Client) -> None:
    ref = supabase.add_project()
    supabase.faults.append(Fault("POST", ".*restore", 429))
    client.call("POST", f"/v1/projects/{ref}/restore", action="restore")
    assert len(supabase.calls) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "0.3"},
        {"x-ratelimit-reset": "0.3"},
        {"Retry-After": formatdate(time.time() + 3600 * 24 * 365 * 20, usegmt=True)},
        {"Retry-After": "soon"},
    ],
)
def test_the_pause_that_the_server_asks_for_is_kept(
    supabase: FakeSupabase, client: Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Client, "pause", lambda _, seconds: pauses.append(seconds))
    supabase.faults.append(Fault("GET", "/v1/projects", 429, headers=headers))
    client.call("GET", "/v1/projects", action="list")
    expected = {"0.3": 0.3, "soon": 0.001}.get(next(iter(headers.values())), 60.0)
    assert pauses == [expected]


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (402, "Payment required", PlanLimitError),
        (400, "members have reached their maximum limits for the number of active free projects", PlanLimitError),
        (400, "name is too short", RefusedError),
        (403, "Your account does not have the necessary privileges", NotAllowedError),
        (404, "Project not found", NotFoundError),
    ],
)
def test_each_refusal_has_its_error_with_the_platforms_words_and_a_remedy(
    supabase: FakeSupabase, client: Client, status: int, message: str, error: type[RefusedError]
) -> None:
    supabase.faults.append(Fault("GET", "/v1/projects", status, message=message))
    with pytest.raises(error, match=r"could not list: .*Remedy: ") as caught:
        client.call("GET", "/v1/projects", action="list")
    assert type(caught.value) is error
    assert message in str(caught.value)


def test_an_answer_that_is_no_json_is_explained(client: Client, supabase: FakeSupabase) -> None:
    supabase.raw["/v1/projects"] = b"<html>a proxy</html>"
    with pytest.raises(UnreachableError, match="did not answer with JSON"):
        client.call("GET", "/v1/projects", action="list")


def test_a_cancellation_ends_a_pause_at_once(supabase: FakeSupabase) -> None:
    client = Client(token=TOKEN, transport=supabase.transport(), pause_unit=60)
    supabase.faults.append(Fault("GET", "/v1/projects", 500))
    threading.Timer(0.2, client.cancelled.set).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        client.call("GET", "/v1/projects", action="list")
    assert time.monotonic() - started < 10
