"""The local cloud in the background: started, awaited, stopped."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from localcloud.durable import read_json, write_json
from localcloud.place import HOST, PROJECT, Place

_START_LIMIT = 60.0  # seconds
_STOP_LIMIT = 30.0
_ANSWER_LIMIT = 3.0


class BackgroundError(Exception):
    """The local cloud did not start or stop; the message says why and what helps."""


def look(place: Place) -> dict[str, Any] | None:
    """Ask a running local cloud for its state; None where none answers for this folder."""
    ports = place.ports()
    if ports is None:
        return None
    connection = http.client.HTTPConnection(HOST, ports[0], timeout=_ANSWER_LIMIT)
    try:
        connection.request("GET", "/_control/health")
        response = connection.getresponse()
        state = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return state if isinstance(state, dict) and state.get("directory") == str(place.directory) else None


def start(place: Place, source: Path, tell: Callable[[str], None]) -> None:
    """Start the local cloud unless it runs, and wait until it answers.

    Several at once are fine: the process that gets the lock serves, all wait for it.

    Raises:
        BackgroundError: it ended or was not ready in time; the message ends with what it printed last.
    """
    if look(place) is not None:
        return
    tell("starting the local cloud …")
    begin = time.monotonic()
    place.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with place.log.open("ab") as log:
        printed_before = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "localcloud", "serve", "--source", str(source)],
            cwd=PROJECT,
            env={**os.environ, "LOCALCLOUD_DIR": str(place.directory)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while look(place) is None:
        if process.poll() or time.monotonic() - begin > _START_LIMIT:
            printed = place.log.read_bytes()[printed_before:].decode(errors="replace").strip()
            raise BackgroundError(f"The local cloud did not start; its log {place.log} ends with:\n{printed[-2000:]}")
        time.sleep(0.05)
    tell(f"the local cloud runs ({time.monotonic() - begin:.1f} s)")


def stop(place: Place) -> bool:
    """Stop the local cloud and wait until its process is gone.

    Returns:
        False where none was running.

    Raises:
        BackgroundError: it does not end.
    """
    process = _process(place)
    if process is None:
        return False
    process.terminate()
    if not _ended(process):
        process.kill()
        if not _ended(process):
            raise BackgroundError(f"The local cloud (process {process.pid}) does not end; its log: {place.log}")
    return True


def note_process(place: Place) -> None:
    """Note that this process serves."""
    write_json(place.directory / "process.json", {"pid": os.getpid(), "begun": _begun(psutil.Process())})


def _ended(process: psutil.Process) -> bool:
    """Wait for the end; a zombie has ended, whenever the process that has to take note of it does so."""
    deadline = time.monotonic() + _STOP_LIMIT
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
    return True


def _process(place: Place) -> psutil.Process | None:
    """Give the process that serves; None where its number is another process's now, or it has ended."""
    noted = read_json(place.directory / "process.json")
    if noted is None:
        return None
    try:
        process = psutil.Process(noted["pid"])
        serves = _begun(process) == noted.get("begun") and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if serves else None


def _begun(process: psutil.Process) -> float:
    # After the system: the time of day is another one when the system's clock was set meanwhile.
    return round(process.create_time() - psutil.Process(1).create_time(), 2)
