import contextlib
import threading

import psycopg
import pytest

from release import heartbeat, lease
from release.database import DatabaseAddress

ADDRESS = DatabaseAddress(host="127.0.0.1", port=1, user="postgres", database="postgres")


def test_a_beat_whose_session_is_ended_does_not_end_the_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = threading.Event()
    failures = [psycopg.OperationalError("terminating connection due to administrator command")]

    def renew(*_: object) -> None:
        if failures:
            raise failures.pop()
        renewed.set()

    monkeypatch.setattr(heartbeat, "_SECONDS", 0.01)
    monkeypatch.setattr(heartbeat, "connect", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(lease, "renew", renew)
    with heartbeat.heartbeat(ADDRESS, "password", "holder"):
        assert renewed.wait(30)
    assert failures == []
