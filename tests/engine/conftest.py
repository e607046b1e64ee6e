import contextlib
import threading
from collections.abc import Iterator

import psutil
import pytest

from tests.engine.checkout import Checkout, Live
from tests.engine.released import Released


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    """Give a released staging stack; each test leaves it released, for the next one."""
    checkout = Checkout.make(tmp_path_factory.mktemp("checkout"))
    seen: set[str] = set()
    ended = threading.Event()
    watcher = threading.Thread(target=_watch_processes, args=(seen, ended))
    watcher.start()
    try:
        first_up = checkout.up_well()
        ended.set()
        live = Live(checkout.output("project_ref"), checkout.variables())
        yield Released(checkout, live, first_up, frozenset(seen))
    finally:
        ended.set()
        watcher.join()
        checkout.localcloud("stop")


def _watch_processes(seen: set[str], ended: threading.Event) -> None:
    while not ended.wait(0.02):
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                seen.add(" ".join(process.cmdline()))
