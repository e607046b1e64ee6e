import pytest

from ops.monitor.alarm import Thresholds, find_alarms
from ops.monitor.traffic import BOUNDS, Traffic, summarize

USUAL = Thresholds()


def served(requests: int, errors: int = 0, slow_ms: int = 100) -> dict[str, Traffic]:
    return {"chat": Traffic(requests=requests, errors=errors, slow_ms=slow_ms)}


@pytest.mark.parametrize(
    ("before", "now", "alarmed"),
    [
        (served(100), served(100, 5), True),
        (served(100), served(100, 4), False),
        (served(100, 4), served(100, 7), False),
        (served(100, 4), served(100, 8), True),
        (served(100, 40), served(100, 79), False),
        (served(100), served(9, 9), False),
        (served(100), served(10, 10), True),
        ({}, served(10, 1), True),
        (served(100), {}, False),
    ],
)
def test_errors_are_too_many_where_they_are_many_and_more_than_before(
    before: dict[str, Traffic], now: dict[str, Traffic], *, alarmed: bool
) -> None:
    alarms = find_alarms(before, now, USUAL)
    assert bool(alarms) is alarmed
    assert all(alarm.of == "chat" and "requests fail" in alarm.text for alarm in alarms)


@pytest.mark.parametrize(
    ("before", "now", "alarmed"),
    [
        (served(100, slow_ms=1000), served(100, slow_ms=2500), True),
        (served(100, slow_ms=100), served(100, slow_ms=1000), False),
        (served(100, slow_ms=5000), served(100, slow_ms=5000), False),
        (served(100, slow_ms=5000), served(100, slow_ms=10000), True),
        (served(9, slow_ms=100), served(100, slow_ms=5000), False),
        ({}, served(100, slow_ms=5000), False),
    ],
)
def test_slow_is_what_takes_longer_than_before_and_longer_than_people_wait(
    before: dict[str, Traffic], now: dict[str, Traffic], *, alarmed: bool
) -> None:
    alarms = find_alarms(before, now, USUAL)
    assert bool(alarms) is alarmed
    assert all("95 of 100" in alarm.text for alarm in alarms)


def test_a_summary_is_of_all_bounds_of_a_function() -> None:
    rows = [
        {"function_id": "b", "bound": 50, "requests": 1, "errors": 1},
        {"function_id": "a", "bound": 2500, "requests": 6, "errors": 2},
        {"function_id": "a", "bound": 50, "requests": 94, "errors": 1},
    ]
    assert summarize(rows) == {
        "a": Traffic(requests=100, errors=3, slow_ms=2500),
        "b": Traffic(requests=1, errors=1, slow_ms=50),
    }
    assert summarize([{**rows[2], "requests": 95}, {**rows[1], "requests": 5}])["a"].slow_ms == 50
    assert sorted(BOUNDS) == list(BOUNDS)
