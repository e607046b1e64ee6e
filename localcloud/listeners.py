"""The two sockets of a local cloud: on the ports of its first start, so that its addresses stay valid."""

import random
import socket

from localcloud.place import HOST, Place

_PORTS = range(21000, 31000)  # below the ports that systems hand out to outgoing connections
_ANY = 0


class PortTakenError(Exception):
    """Another process has a port that this local cloud's addresses contain."""


def open_listeners(
    place: Place, remedy: str, preferred: tuple[int, int] = (_ANY, _ANY)
) -> tuple[socket.socket, socket.socket]:
    """Listen for HTTP and for the pooler, on the ports of an earlier start if there was one.

    Args:
        place: remembers the ports.
        remedy: the command that chooses other ports, for the error.
        preferred: what a first start takes where it is free, else any; 0 prefers none.

    Raises:
        PortTakenError: a port of an earlier start is in use by somebody else.
    """
    ports = place.ports()
    if ports is None:
        http, pooler = (_listen_anywhere(port) for port in preferred)
        place.keep_ports(http.getsockname()[1], pooler.getsockname()[1])
        return http, pooler
    http = _listen_again(ports[0], remedy)
    try:
        return http, _listen_again(ports[1], remedy)
    except PortTakenError:
        http.close()
        raise


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


def _listen_anywhere(preferred: int) -> socket.socket:
    for port in [preferred] * (preferred != _ANY) + random.sample(_PORTS, 100):
        try:
            return _listen(port)
        except OSError:
            continue
    raise PortTakenError(f"No free port was found between {_PORTS.start} and {_PORTS.stop} on {HOST}.")


def _listen_again(port: int, remedy: str) -> socket.socket:
    try:
        return _listen(port)
    except OSError as error:
        message = (
            f"Port {port} of {HOST} is in use by another process, and the local cloud's addresses contain it. "
            f"End that process, or run `{remedy}`: data stays, URLs change."
        )
        raise PortTakenError(message) from error
