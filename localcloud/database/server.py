"""One PostgreSQL server: started, watched, stopped."""

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import psutil
from psycopg import AsyncConnection, OperationalError
from psycopg.rows import TupleRow

from localcloud.database.installation import DatabaseError, Installation
from localcloud.logs.postgres import PREFIX

OWNER = "supabase_admin"  # the platform's superuser, which owns the cluster
_START_LIMIT = 20.0  # seconds; recovery after a crash included
_STOP_LIMIT = 10.0
_END_LIMIT = 2.0  # seconds from the signal that ends a server until it is gone
_TELLING = 5  # lines that an error shows
_LONGEST_LINE = 2**20  # bytes
_log = logging.getLogger(__name__)


class PostgresServer:
    """A postmaster over one data folder, on a free port of 127.0.0.1; one that dies is started again."""

    def __init__(self, data: Path, installation: Installation, hear: Callable[[str], None] = lambda _: None) -> None:
        """Take the data folder, the programs, and what hears each line that the server prints; nothing is started."""
        self._data = data
        self._installation = installation
        self._hear = hear
        self._printed: deque[str] = deque(maxlen=_TELLING)
        self._listening: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._port = 0

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        if self._process is None or self._process.returncode is not None:
            return None
        # A killed one is a zombie until its exit has been taken note of.
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(self._process.pid).status() != psutil.STATUS_ZOMBIE:
                return self._process.pid
        return None

    async def start(self) -> int:
        """Start the server unless it runs, and give its port.

        Raises:
            DatabaseError: it was not ready in time; the message ends with the log's last lines.
        """
        async with self._one_at_a_time:
            if self.pid is None:
                if self._process:
                    await self._process.wait()
                deadline = time.monotonic() + _START_LIMIT
                await self._end_leftover(deadline)
                # A port taken meanwhile, or shared memory that backends of a killed postmaster still hold, ends it.
                while not await self._launch(deadline):
                    if time.monotonic() > deadline:
                        raise DatabaseError(self._failure())
                    await asyncio.sleep(0.2)
                if self._watch is None:
                    self._watch = asyncio.create_task(self._keep_alive())
            return self._port

    async def connect(self, user: str, password: str) -> AsyncConnection[TupleRow]:
        """Open an autocommit session, starting the server where it does not run."""
        await self.start()
        process = self._process
        try:
            return await self._connect(user, password)
        except OperationalError:
            # A killed server still counts as running for a moment, while the system takes it apart.
            if process is None or not await _ends(process):
                raise
            await self.start()
            return await self._connect(user, password)

    async def _connect(self, user: str, password: str) -> AsyncConnection[TupleRow]:
        return await AsyncConnection.connect(
            host="127.0.0.1",
            port=self._port,
            user=user,
            password=password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        )

    async def stop(self) -> None:
        """Stop the server: sessions are ended, data is written, no process remains."""
        if self._watch:
            self._watch.cancel()
            self._watch = None
        async with self._one_at_a_time:
            if self._process and self._process.returncode is None:
                self._process.send_signal(signal.SIGINT)
                try:
                    await asyncio.wait_for(self._process.wait(), _STOP_LIMIT)
                except TimeoutError:
                    self._process.send_signal(signal.SIGQUIT)
                    await self._process.wait()
            self._process = None
            if self._listening:
                self._listening.cancel()
                self._listening = None

    async def _launch(self, deadline: float) -> bool:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._printed.clear()
        self._process = await asyncio.create_subprocess_exec(
            *self._installation.command(
                "postgres", "-D", str(self._data), "-p", str(self._port), "-c", f"log_line_prefix={PREFIX}",
                "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            ),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE, start_new_session=True,
        )  # fmt: skip
        assert self._process.stderr is not None  # noqa: S101 - it is a pipe
        self._listening = asyncio.create_task(self._listen(self._process.stderr))
        while self._process.returncode is None and time.monotonic() < deadline:
            if self._is_ready(self._process.pid):
                return True
            await asyncio.sleep(0.02)
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
            raise DatabaseError(self._failure())
        return False

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _is_ready(self, pid: int) -> bool:
        status_line = 8
        lines = self._pid_file()
        return len(lines) >= status_line and lines[0] == str(pid) and lines[status_line - 1].strip() == "ready"

    async def _end_leftover(self, deadline: float) -> None:
        """End a postmaster that a killed local cloud left on this folder, and remove a stale pid file.

        The number in the file may be another process's by now, after a restart of the machine for instance, and
        PostgreSQL would refuse to start when that one is a PostgreSQL of the same user.
        """
        lines = self._pid_file()
        if not lines:
            return
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            leftover = psutil.Process(int(lines[0]))
            while str(self._data) in leftover.cmdline() and leftover.is_running():
                leftover.send_signal(signal.SIGINT if time.monotonic() < deadline - _STOP_LIMIT else signal.SIGKILL)
                await asyncio.sleep(0.1)
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    async def _keep_alive(self) -> None:
        while self._process is not None:
            code = await self._process.wait()
            _log.warning("PostgreSQL of %s ended by itself (%s); starting it again", self._data.name, code)
            try:
                await self.start()
            except DatabaseError:
                _log.exception("PostgreSQL of %s stays down until it is needed", self._data.name)
                self._watch = None
                return

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        """Hand on what the server prints until it, and whoever else holds its end of the pipe, has ended."""
        while True:
            try:
                line = (await stream.readline()).decode(errors="replace")
            except ValueError:
                line = f"(a line of more than {_LONGEST_LINE} bytes was left out)\n"
            if not line:
                return
            self._printed.append(line.rstrip("\n"))
            self._hear(self._printed[-1])

    def _failure(self) -> str:
        told = " | ".join(self._printed) or "(nothing)"
        return f"PostgreSQL of {self._data.name} did not start, its data is untouched; it printed: {told}"


async def _ends(process: asyncio.subprocess.Process) -> bool:
    try:
        await asyncio.wait_for(process.wait(), _END_LIMIT)
    except TimeoutError:
        return False
    return True
