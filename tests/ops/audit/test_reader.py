"""Reading, with answers that come late, badly or not at all."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from ops.audit.reader import Reader
from ops.audit.refusal import Refusal


class Api:
    """An API that gives its answers in turn, the last one again and again."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note how long is waited between two tries, and wait not at all."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return waited


def ask(api: Api, use: Callable[[Reader], Any]) -> Any:
    async def run() -> Any:
        reader = Reader("GitHub", "https://api.example", {"Authorization": "Bearer t"}, httpx.MockTransport(api))
        try:
            answer = await use(reader)
        finally:
            await reader.close()
        assert reader.calls == len(api.requests)
        return answer

    # Not in the main thread, whose event loop other tests of the same process use.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, run()).result()


def get(reader: Reader) -> Any:
    return reader.get("thing", permission="things=read")


def status(code: int, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(code, json={"message": "told"}, headers=named)


def test_what_passes_is_tried_again(slept: list[float]) -> None:
    api = Api(status(502), status(429, retry_after="7"), httpx.ConnectError("no"), httpx.Response(200, json={"a": 1}))
    assert ask(api, get) == {"a": 1}
    assert (len(api.requests), slept[1]) == (4, 7.0)


@pytest.mark.parametrize("answer", [status(500), status(429, retry_after="1"), httpx.ReadTimeout("late")])
def test_what_does_not_pass_ends_as_a_refusal(answer: httpx.Response | Exception) -> None:
    api = Api(answer)
    refusal = ask(api, get)
    assert isinstance(refusal, Refusal)
    assert (len(api.requests), refusal.permission) == (4, None)


def test_a_limit_that_holds_longer_than_anybody_waits_is_told_at_once(slept: list[float]) -> None:
    reset = str(round(time.time()) + 1800)
    refusal = ask(Api(status(403, x_ratelimit_remaining="0", x_ratelimit_reset=reset)), get)
    assert slept == []
    assert "asks to wait 180" in refusal.reason


def test_a_limit_of_supabase_counts_seconds(slept: list[float]) -> None:
    api = Api(status(429, x_ratelimit_remaining="0", x_ratelimit_reset="9"), httpx.Response(200, json=[]))
    assert (ask(api, get), slept) == ([], [9.0])


@pytest.mark.parametrize("code", [401, 403, 404])
def test_lacking_rights_name_the_permission_as_github_does(code: int) -> None:
    assert ask(Api(status(code)), get).permission == "things=read"
    told = ask(Api(status(code, x_accepted_github_permissions="other=read")), get)
    assert (told.permission, "told" in told.reason) == ("other=read", True)


def test_absence_is_none_only_where_it_can_be() -> None:
    assert ask(Api(status(404)), lambda reader: reader.get("x", permission="p", absent=True)) is None


def test_lists_are_read_to_their_end() -> None:
    api = Api(httpx.Response(200, json={"things": list(range(100))}), httpx.Response(200, json={"things": [100]}))
    assert ask(api, lambda reader: reader.get_all("x?a=b", "things", permission="p")) == list(range(101))
    assert [str(request.url.query, "ascii") for request in api.requests] == [
        "a=b&per_page=100&page=1",
        "a=b&per_page=100&page=2",
    ]


def test_an_error_of_graphql_is_a_refusal_and_a_mutation_never_sent() -> None:
    api = Api(httpx.Response(200, json={"data": None, "errors": [{"message": "FORBIDDEN to you"}]}))
    refusal = ask(api, lambda reader: reader.query("https://api.example/graphql", "query { a }", {}, permission="p"))
    assert (refusal.permission, "FORBIDDEN" in refusal.reason) == ("p", True)
    with pytest.raises(AssertionError):
        ask(api, lambda reader: reader.query("g", "mutation { a }", {}, permission="p"))


def test_what_is_no_json_is_a_refusal() -> None:
    assert "no JSON" in ask(Api(httpx.Response(200, text="<html>")), get).reason
