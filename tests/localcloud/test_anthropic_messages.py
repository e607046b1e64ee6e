from collections.abc import Callable
from typing import Any

import httpx
import pytest

from localcloud.anthropic import messages

Serve = Callable[..., str]
HEADERS = {"x-api-key": "sk-ant-x", "anthropic-version": "2023-06-01"}
QUESTION = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 100,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "How are you?"}]}],
}


@pytest.fixture
def api(serve: Serve) -> str:
    return f"{serve(messages.routes())}/anthropic/v1/messages"


def ask(api: str, *, headers: dict[str, str] = HEADERS, **changes: Any) -> httpx.Response:
    body = {name: value for name, value in {**QUESTION, **changes}.items() if value is not None}
    return httpx.post(api, headers=headers, json=body)


def test_the_answer_says_what_it_is_and_is_the_same_each_time(api: str) -> None:
    first, second = ask(api).json(), ask(api).json()

    assert first == second
    assert (first["type"], first["role"], first["stop_reason"]) == ("message", "assistant", "end_turn")
    assert first["usage"] == {"input_tokens": 3, "output_tokens": 16}
    (block,) = first["content"]
    assert block["type"] == "text"
    assert "local stand-in" in block["text"]
    assert "How are you?" in block["text"]


def test_max_tokens_cuts_the_answer(api: str) -> None:
    answer = ask(api, max_tokens=3).json()

    assert answer["content"][0]["text"] == "I am the"
    assert answer["stop_reason"] == "max_tokens"


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"anthropic-version": "2023-06-01"}, 401, "authentication_error"),
        ({"x-api-key": "sk-ant-x"}, 400, "invalid_request_error"),
    ],
)
def test_headers_are_required(api: str, headers: dict[str, str], status: int, kind: str) -> None:
    answer = ask(api, headers=headers)

    assert answer.status_code == status
    assert (answer.json()["type"], answer.json()["error"]["type"]) == ("error", kind)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model": None}, "model"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
    ],
)
def test_a_wrong_body_is_refused_by_the_field(api: str, changes: dict[str, Any], named: str) -> None:
    answer = ask(api, **changes)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["message"].startswith(f"{named}: ")


def test_streaming_is_refused_rather_than_pretended(api: str) -> None:
    assert ask(api, stream=True).status_code == 501
