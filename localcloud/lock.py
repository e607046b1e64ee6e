"""The lock of a local cloud's folder: one process serves it."""

import fcntl
from typing import IO

from localcloud.place import Place


def lock(place: Place) -> IO[bytes] | None:
    """Take the lock that a running local cloud holds; the system frees it when its process ends, however it ends.

    Returns:
        The open file that holds it, or None where another process does.
    """
    place.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (place.directory / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
