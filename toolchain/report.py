"""One line for each part: what is being done, how long that usually takes, how long it took."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

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
    try:
        yield
    except BaseException:
        say(f"{part}: FAILED after {time.monotonic() - started:.0f} s")
        raise
    say(f"{part}: ready after {time.monotonic() - started:.0f} s")
