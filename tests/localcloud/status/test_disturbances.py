from datetime import timedelta

import pytest

from localcloud.control import Fault
from localcloud.status import disturbances


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            Fault(method="POST", path="/v1/x", action="respond", status=503, times=2, skip=1, body="secret"),
            "The next 2 calls of POST /v1/x: answered 503 and not carried out, once 1 call went through",
        ),
        (Fault(path="/v1/.*", action="delay", seconds=0.5, times=None),
         "Every call of /v1/.*: carried out 0.5 s later"),
        (Fault(path="/x", action="drop_after"),
         "The next 1 call of /x: carried out, and the connection is closed without an answer"),
    ],
)  # fmt: skip
def test_a_fault_is_told_in_a_sentence(fault: Fault, words: str) -> None:
    assert disturbances.fault(fault) == words


def test_only_another_clock_and_another_limit_are_told() -> None:
    assert disturbances.clock(timedelta()) == disturbances.rate_limit(120) == []
    assert disturbances.clock(timedelta(minutes=-90)) == [
        "The clock of the local cloud is 1:30:00 behind this machine's"
    ]
    assert disturbances.rate_limit(2) == ["The Management API takes 2 calls a minute of a kind, not 120"]
