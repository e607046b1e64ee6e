"""Answers that no contract allows, from whatever stands in the place of an API."""

import json
from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import strategies as st

from tests.hostile.clear_error import DEEP, JSON

Handler = Callable[[httpx.Request], httpx.Response]
PAGE = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>\x1b[31mnginx\n</body></html>"
BODIES = (
    JSON.map(lambda document: json.dumps(document).encode())
    | JSON.map(lambda document: json.dumps([{"id": document}, document]).encode()[:-1])
    | st.binary(max_size=20)
    | st.sampled_from([b"", b" ", PAGE, DEEP.encode(), b"null", b"[null]", b"{}", b"[]", b"[[]]", b"[{}]", b"9" * 6000])
)
STATUSES = st.sampled_from([200, 200, 200, 200, 201, 204, 299, 301, 400, 401, 403, 404, 418, 422, 429, 500, 520, 599])
HEADERS: st.SearchStrategy[Any] = st.sampled_from(
    [
        {},
        {"content-type": "application/json"},
        {"content-type": "text/html"},
        {"content-encoding": "gzip"},
        {"content-encoding": "br, zstd, x"},
        {"location": "http://["},
        {"retry-after": "9" * 400},
        {"retry-after": "-1"},
        {"retry-after": "Mon, 99 Xxx 9999 99:99:99 GMT"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400},
        {b"x-ratelimit-reset": b"\xb2"},
    ]
)  # fmt: skip
FAILURES = st.sampled_from(
    [
        httpx.ConnectError("no route to a very internal host"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("<garbled>"),
        httpx.DecodingError("not gzip"),
        httpx.TooManyRedirects("round and round"),
        httpx.InvalidURL("no"),
    ]
)


@st.composite
def handlers(draw: st.DrawFn) -> Handler:
    """Give an API that answers each call in one and the same wrong way, or not at all."""
    if draw(st.integers(0, 6)) == 0:
        failure = draw(FAILURES)

        def fail(_: httpx.Request) -> httpx.Response:
            raise failure

        return fail
    status, headers, body = draw(STATUSES), draw(HEADERS), draw(BODIES)
    return lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def answering(document: Any, status: int = 200) -> Handler:
    # As `json` does it by default, so that a half of a pair is sent as an escape.
    return lambda _: httpx.Response(status, content=json.dumps(document).encode())
