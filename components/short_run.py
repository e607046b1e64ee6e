"""What a program that ends after some seconds can do without, and how it ends early."""

import atexit
import gc
import signal
from typing import Any

import pulumi


def prepare_for_a_short_run() -> None:
    """Leave interrupts to the engine, collect no garbage, and send none of the SDK's own debug messages.

    Each of those messages is a call to the engine that the program waits for, some five for each resource, and is shown
    by `pulumi up --debug` alone. `bench/unchanged.py` measures what a run takes.
    """
    # The engine's interrupt is for the engine: without this a failed resource ends in a traceback here.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()
    # At its end Python would look once more at all there is.
    atexit.register(gc.freeze)
    pulumi.log.debug = _drop


def _drop(*_: Any, **__: Any) -> None:
    pass
