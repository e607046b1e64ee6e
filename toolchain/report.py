"""A line when work on a part begins, every quarter of a minute while it lasts, and when it ends."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SECONDS_OF_SILENCE = 15.0
_lock = threading.Lock()


def say(text: str) -> None:
    """Write one whole line to standard error; standard output is for answers."""
    with _lock:
        sys.stderr.write(f"toolchain: {text}\n")
        sys.stderr.flush()


@contextmanager
def doing(part: str, what: str, usually: str) -> Iterator[None]:
    """Announce the work on a part and report its duration, also when it fails."""
    say(f"{part}: {what} (usually {usually}) …")
    started = time.monotonic()
    ended = threading.Event()

    def go_on_saying() -> None:
        while not ended.wait(_SECONDS_OF_SILENCE):
            say(f"{part}: still at it after {time.monotonic() - started:.0f} s (usually {usually}) …")

    threading.Thread(target=go_on_saying, daemon=True).start()
    try:
        yield
    except BaseException:
        say(f"{part}: FAILED after {time.monotonic() - started:.0f} s")
        raise
    finally:
        ended.set()
    say(f"{part}: ready after {time.monotonic() - started:.0f} s")
