"""How many functions are deployed at once."""

import fcntl
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_POLL_SECONDS = 0.1


@contextmanager
def deploy_slot(ref: str, count: int) -> Iterator[None]:
    """Hold one of a project's `count` slots on this machine, waiting until one is free.

    The engine starts every step that can start. The platform bundles each upload, and allows 120 calls a minute.
    A slot is a locked file, which the system frees with the process that holds it, however that one ends.

    Args:
        ref: the project's ref.
        count: the number of slots.
    """
    slots = [Path(tempfile.gettempdir()) / f"release-{ref}-{number}.slot" for number in range(count)]
    with ExitStack() as stack:
        files = [stack.enter_context(slot.open("w")) for slot in slots]
        while not any(_lock(file.fileno()) for file in files):
            time.sleep(_POLL_SECONDS)
        yield


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
