"""When what is seen is worse than it was."""

from collections.abc import Mapping
from dataclasses import dataclass

from ops.monitor.traffic import Traffic


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What is too much.

    Attributes:
        requests: fewer than these of a function say nothing.
        error_rate: the part of failing requests, 0 to 1, that is too much in any case.
        error_factor: how many times the rate of the time before it has to be as well.
        slow_factor: how many times slower than before is too slow.
        slow_ms: what is answered within this is never too slow, in milliseconds.
    """

    requests: int = 10
    error_rate: float = 0.05
    error_factor: float = 2.0
    slow_factor: float = 2.0
    slow_ms: int = 1_000


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Something that is too much.

    Attributes:
        of: the function's slug, `service NAME`, or `database`.
        text: what was seen, and against what.
    """

    of: str
    text: str


def find_alarms(before: Mapping[str, Traffic], now: Mapping[str, Traffic], thresholds: Thresholds) -> list[Alarm]:
    """Compare what functions serve now with what they served before, by slug."""
    alarms = []
    for slug, traffic in sorted(now.items()):
        earlier = before.get(slug, Traffic())
        if traffic.requests < thresholds.requests:
            continue
        if _fails(earlier, traffic, thresholds):
            text = f"{traffic.errors} of {traffic.requests} requests fail ({traffic.error_rate:.0%})"
            alarms.append(Alarm(of=slug, text=f"{text}; before it was {earlier.error_rate:.0%} of {earlier.requests}"))
        if _is_slow(earlier, traffic, thresholds):
            text = f"95 of 100 requests take up to {traffic.slow_ms} ms; before it was {earlier.slow_ms} ms"
            alarms.append(Alarm(of=slug, text=text))
    return alarms


def _fails(earlier: Traffic, now: Traffic, thresholds: Thresholds) -> bool:
    return now.error_rate >= max(thresholds.error_rate, earlier.error_rate * thresholds.error_factor)


def _is_slow(earlier: Traffic, now: Traffic, thresholds: Thresholds) -> bool:
    # Without anything to compare with, slow is only what the function has always been.
    if now.slow_ms is None or earlier.slow_ms is None or earlier.requests < thresholds.requests:
        return False
    return now.slow_ms > thresholds.slow_ms and now.slow_ms >= earlier.slow_ms * thresholds.slow_factor
