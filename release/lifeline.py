"""Ends a release command, and all it started, when the process it works for is gone."""

import os
import signal
import threading
import time

import psutil

_POLL_SECONDS = 0.5


def die_with_parent() -> None:
    """Watch the parent from now on: a killed engine must not leave a push or a deploy running behind its back."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        for child in psutil.Process().children(recursive=True):
            child.kill()
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
