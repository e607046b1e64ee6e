import socket
from pathlib import Path

import pytest

from localcloud.listeners import PortTakenError, open_listeners
from localcloud.place import Place


def _open(place: Place, preferred: tuple[int, int]) -> tuple[int, int]:
    http, pooler = open_listeners(place, "the remedy", preferred)
    with http, pooler:
        return http.getsockname()[1], pooler.getsockname()[1]


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_first_start_takes_the_preferred_ports_where_they_are_free(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        free = _free()
        http, pooler = _open(Place(tmp_path), (free, taken))
    assert http == free
    assert pooler not in {0, taken}


def test_later_starts_take_the_same_ports_or_tell_that_one_is_taken(tmp_path: Path) -> None:
    first = _open(Place(tmp_path), (0, 0))
    assert _open(Place(tmp_path), (_free(), 0)) == first
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", first[1]))
        stranger.listen()
        with pytest.raises(PortTakenError, match=f"Port {first[1]} .*`the remedy`"):
            _open(Place(tmp_path), (0, 0))
