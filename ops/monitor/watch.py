"""One look at an environment after another, against what it was before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ops.monitor.alarm import Alarm, Thresholds, find_alarms
from ops.monitor.reading import find_unhealthy, read_traffic
from ops.monitor.traffic import Traffic
from release.error import ReleaseError
from release.management_api import ManagementApi


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen at a moment.

    Attributes:
        at: the moment, UTC.
        traffic: what each function served since the watched time began, by slug.
        alarms: what is too much.
        unread: why it could not be read; empty where it was.
    """

    at: datetime
    traffic: Mapping[str, Traffic]
    alarms: tuple[Alarm, ...] = ()
    unread: str = ""


class Watch:
    """Compares a time that goes on with one that is over.

    Args:
        api: the project.
        begin: when the watched time began, UTC.
        against: how long before it is compared with.
        thresholds: what is too much.

    Attributes:
        before: what each function served in that time, by slug.

    Raises:
        ReleaseError: the time before can't be read.
    """

    def __init__(self, api: ManagementApi, begin: datetime, against: timedelta, thresholds: Thresholds) -> None:
        self._api, self._begin, self._thresholds = api, begin, thresholds
        self.before = read_traffic(api, begin - against, begin)

    def look(self) -> Look:
        """Look now; what can't be read is told in place of what was seen."""
        now = datetime.now(UTC)
        try:
            traffic = read_traffic(self._api, self._begin, now)
            alarms = (*find_alarms(self.before, traffic, self._thresholds), *find_unhealthy(self._api))
        except ReleaseError as error:
            return Look(at=now, traffic={}, unread=str(error))
        return Look(at=now, traffic=traffic, alarms=alarms)


def moments(duration: timedelta, interval: timedelta) -> Iterator[timedelta]:
    """Give how long to wait before each look: the first comes at once, the last at the end."""
    yield timedelta()
    left = duration
    while left > timedelta():
        step = min(interval, left)
        left -= step
        yield step
