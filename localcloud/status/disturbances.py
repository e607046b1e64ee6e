"""What the control plane has set, in words that a person reads."""

from datetime import timedelta

from localcloud.control import Fault
from localcloud.management.rate_limit import PLATFORM_LIMIT


def fault(given: Fault) -> str:
    """Say what a fault does and to how many calls; what it answers may hold anything, and is left out."""
    calls = "Every call of" if given.times is None else f"The next {_count(given.times, 'call')} of"
    what = {
        "respond": f"answered {given.status} and not carried out",
        "delay": f"carried out {given.seconds:g} s later",
        "drop_before": "not carried out, the connection is closed",
        "drop_after": "carried out, and the connection is closed without an answer",
    }[given.action]
    method = "" if given.method == ".*" else f"{given.method} "
    skipped = f", once {_count(given.skip, 'call')} went through" if given.skip else ""
    return f"{calls} {method}{given.path}: {what}{skipped}"


def clock(offset: timedelta) -> list[str]:
    """Say how far the local cloud's clock is from the machine's."""
    if not offset:
        return []
    direction = "ahead of" if offset > timedelta() else "behind"
    return [f"The clock of the local cloud is {abs(offset)} {direction} this machine's"]


def rate_limit(limit: int) -> list[str]:
    """Say that the Management API takes another number of calls than the platform's."""
    if limit == PLATFORM_LIMIT:
        return []
    return [f"The Management API takes {_count(limit, 'call')} a minute of a kind, not {PLATFORM_LIMIT}"]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
