"""The process of the local cloud: one lock, two sockets, one HTTP server."""

import fcntl
import logging
import os
import random
import socket
from pathlib import Path
from typing import IO

import psutil
import uvicorn

from localcloud import tools
from localcloud.app import LocalCloud
from localcloud.database.installation import Installation
from localcloud.durable import write_json
from localcloud.place import HOST, Place

_PORTS = range(21000, 31000)  # below the ports that systems hand out to outgoing connections
_SHUTDOWN_PATIENCE = 5  # seconds for requests under way


class PortTakenError(Exception):
    """Another process has a port that this local cloud's addresses contain."""


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


def serve(place: Place, source: Path) -> bool:
    """Run the local cloud until SIGTERM or SIGINT.

    Returns:
        False where another process already runs it.

    Raises:
        PortTakenError: a port of an earlier start is in use by somebody else.
    """
    held = lock(place)
    if held is None:
        return False
    with held:
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        listener, pooler = _listeners(place)
        write_json(place.directory / "process.json", {"pid": os.getpid(), "created": psutil.Process().create_time()})
        cloud = LocalCloud(place, source, Installation(tools.postgres()), pooler.dup)
        config = uvicorn.Config(
            cloud.application,
            lifespan="on",
            loop="asyncio",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_SHUTDOWN_PATIENCE,
        )
        uvicorn.Server(config).run(sockets=[listener])
    return True


def _listeners(place: Place) -> tuple[socket.socket, socket.socket]:
    ports = place.ports()
    if ports is None:
        http, pooler = _listen_anywhere(), _listen_anywhere()
        place.keep_ports(http.getsockname()[1], pooler.getsockname()[1])
        return http, pooler
    return _listen_again(ports[0]), _listen_again(ports[1])


def _listen(port: int) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _listen_anywhere() -> socket.socket:
    for port in random.sample(_PORTS, 100):
        try:
            return _listen(port)
        except OSError:
            continue
    raise PortTakenError(f"No free port was found between {_PORTS.start} and {_PORTS.stop} on {HOST}.")


def _listen_again(port: int) -> socket.socket:
    try:
        return _listen(port)
    except OSError as error:
        message = (
            f"Port {port} of {HOST} is in use by another process, and the local cloud's addresses contain it. "
            "End that process, or run `python -m localcloud start --new-ports`: data stays, URLs change."
        )
        raise PortTakenError(message) from error
