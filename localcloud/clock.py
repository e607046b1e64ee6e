"""The local cloud's time, which the control plane can move."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's clock plus an offset."""

    def __init__(self) -> None:
        """Start without an offset."""
        self.offset = timedelta()

    def now(self) -> datetime:
        """Give the time in UTC."""
        return datetime.now(UTC) + self.offset
