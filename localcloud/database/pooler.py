"""The way to every project's database: one port, the project told by the user name, as Supavisor does it."""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable

from localcloud.database.installation import DatabaseError
from localcloud.database.servers import Databases

_SSL_REQUEST, _GSS_REQUEST, _CANCEL_REQUEST = 80877103, 80877104, 80877102
_HEAD = 8  # bytes: length and code
_START_UP_LIMIT = 10_000  # bytes, as in PostgreSQL
_CHUNK = 65536
_log = logging.getLogger(__name__)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Pooler:
    """A TCP proxy in session mode: `ROLE.REF` becomes ROLE at the server of project REF, which it wakes up.

    TLS is declined, as nothing leaves the machine; cancel requests find their server by the key it gave out.
    """

    def __init__(self, databases: Databases, is_reachable: Callable[[str], bool], sole: str | None = None) -> None:
        """Take the servers, whether a ref is a project whose database takes connections, and whom no ref means."""
        self._databases = databases
        self._is_reachable = is_reachable
        self._sole = sole
        self._server: asyncio.Server | None = None
        self._cancel_ports: dict[bytes, int] = {}
        self._sessions: set[asyncio.Task[None]] = set()

    async def start(self, listener: socket.socket) -> None:
        """Accept connections on a bound socket."""
        self._server = await asyncio.start_server(self._accept, sock=listener)

    async def close(self) -> None:
        """Stop listening and end all sessions."""
        if self._server:
            self._server.close()
        for session in list(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.create_task(self._session((reader, writer)))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _session(self, client: Streams) -> None:
        writer = client[1]
        try:
            code, payload = await self._first_message(client)
            if code == _CANCEL_REQUEST:
                await self._cancel(payload)
                return
            server, start_up = await self._server_for(code, payload)
            try:
                server[1].write(start_up)
                await self._relay(client, server)
            finally:
                server[1].close()
        except _RefusedError as refusal:
            writer.write(_fatal(str(refusal)))
            with contextlib.suppress(ConnectionError):
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever ends first ends the session
        finally:
            writer.close()

    async def _first_message(self, client: Streams) -> tuple[int, bytes]:
        reader, writer = client
        while True:
            length, code = struct.unpack("!ii", await reader.readexactly(_HEAD))
            if not _HEAD <= length <= _START_UP_LIMIT:
                raise _RefusedError("invalid length of startup packet")
            payload = await reader.readexactly(length - _HEAD)
            if code not in (_SSL_REQUEST, _GSS_REQUEST):
                return code, payload
            writer.write(b"N")

    async def _server_for(self, code: int, payload: bytes) -> tuple[Streams, bytes]:
        """Connect to the server that a start-up message means, and reword the message for it."""
        fields = payload.rstrip(b"\0").split(b"\0")
        parameters = dict(zip(fields[::2], fields[1::2], strict=False))
        user = parameters.get(b"user", b"").decode(errors="replace")
        if self._sole and not user.endswith(f".{self._sole}"):
            user += f".{self._sole}"
        role, _, ref = user.rpartition(".")
        if not role or not self._is_reachable(ref):
            raise _RefusedError("Tenant or user not found")
        parameters[b"user"] = role.encode()
        body = b"".join(name + b"\0" + value + b"\0" for name, value in parameters.items()) + b"\0"
        try:
            server = await asyncio.open_connection("127.0.0.1", await self._databases.port(ref))
        except (DatabaseError, OSError) as error:
            _log.exception("the database of %s can not be reached", ref)
            raise _RefusedError(f"the database of {ref} can not be reached: {error}") from error
        return server, struct.pack("!ii", len(body) + _HEAD, code) + body

    async def _relay(self, client: Streams, server: Streams) -> None:
        upwards = asyncio.create_task(_pump(client[0], server[1]))
        key = b""
        try:
            # Up to the first ReadyForQuery message by message, for the key that a cancel request will bring.
            kind = b""
            while kind != b"Z":
                head = await server[0].readexactly(5)
                kind, body = head[:1], await server[0].readexactly(struct.unpack("!i", head[1:])[0] - 4)
                if kind == b"K":
                    key = body
                    self._cancel_ports[key] = server[1].get_extra_info("peername")[1]
                client[1].write(head + body)
            downwards = asyncio.create_task(_pump(server[0], client[1]))
            await asyncio.wait({upwards, downwards}, return_when=asyncio.FIRST_COMPLETED)
            downwards.cancel()
        finally:
            upwards.cancel()
            self._cancel_ports.pop(key, None)

    async def _cancel(self, key: bytes) -> None:
        port = self._cancel_ports.get(key)
        if port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(struct.pack("!ii", len(key) + _HEAD, _CANCEL_REQUEST) + key)
            await writer.drain()
            writer.close()


class _RefusedError(Exception):
    """The client gets this as PostgreSQL's last word."""


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()


def _fatal(message: str) -> bytes:
    fields = {"S": "FATAL", "V": "FATAL", "C": "XX000", "M": message}
    body = b"".join(f"{name}{value}\0".encode() for name, value in fields.items()) + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body
