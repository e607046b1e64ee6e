"""The processes that run functions: one Deno worker per function and version."""

import asyncio
import contextlib
import ctypes
import json
import os
import secrets
import signal
import ssl
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from localcloud.functions.deno import Program, deno_environment
from localcloud.functions.errors import BootError

Key = tuple[str, str]
"""A project's ref and a function's slug."""

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # workers speak plain HTTP; making a usable one takes longer
_BOOT_SCRIPT = Path(__file__).with_name("boot.js")
_BOOT_LIMIT = 30.0  # seconds
_DRAIN_LIMIT = 150.0  # seconds; no request may last longer
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, kw_only=True)
class WorkerOrder:
    """What a worker is to run; a worker serves exactly one order."""

    version: int
    program: Program
    environment: Mapping[str, str]


class Worker:
    """One running Deno process, listening on `port` of 127.0.0.1, and the connections to it."""

    def __init__(self, order: WorkerOrder, process: asyncio.subprocess.Process) -> None:
        self.order = order
        self.in_flight = 0
        self.retired = False
        self.idle_since: asyncio.TimerHandle | None = None
        self.port = 0
        self.connections = httpx.AsyncHTTPTransport(
            verify=_NO_TLS, limits=httpx.Limits(max_connections=None, max_keepalive_connections=64)
        )
        self.process = process
        self.output: list[asyncio.Task[None]] = []

    @property
    def alive(self) -> bool:
        """Whether the process runs and may take a request."""
        return self.process.returncode is None and not self.retired

    def kill(self) -> None:
        """End the worker, whatever it is doing."""
        # Not by Process.kill: that reaps a child that has just ended, under the hands of asyncio, which then warns.
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)

    async def stop(self, patience: float) -> None:
        """Let the worker finish, for `patience` seconds at most, then end it."""
        await self.connections.aclose()
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), patience)
        except TimeoutError:
            self.kill()
            await self.process.wait()
        await asyncio.gather(*self.output)


class Workers:
    """Starts, swaps and stops workers.

    Attributes:
        cold_start: seconds that a start is delayed by, to model the platform's cold starts.
    """

    def __init__(self, deno: Path, *, idle: float, hear: Callable[[Key, str, dict[str, Any]], None]) -> None:
        """Take the executable, how long an idle worker is kept, and what hears each line that a function writes.

        With the line come `event_type` (Boot, Log or Shutdown), `level` and `version`.
        """
        self.cold_start = 0.0
        self._hear = hear
        self._deno = deno
        self._idle = idle
        self._current: dict[Key, Worker] = {}
        self._starting: dict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._retired: set[Worker] = set()
        self._ending: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def lease(self, key: Key, wanted: Callable[[], WorkerOrder]) -> AsyncIterator[Worker]:
        """Lend the worker that serves what is wanted now, started if need be; it is not stopped while it is lent.

        `wanted` is asked again after each wait, so that a request that waited for a start never brings an old
        version back.

        Raises:
            BootError: the worker does not start.
        """
        worker = self._serving(key, wanted())
        if worker is None:
            async with self._starting[key]:
                order = wanted()
                worker = self._serving(key, order)
                if worker is None:
                    worker = await self._start(key, order)
                    self._install(key, worker)
        worker.in_flight += 1
        if worker.idle_since is not None:
            worker.idle_since.cancel()
        try:
            yield worker
        finally:
            worker.in_flight -= 1
            if worker.in_flight == 0:
                self._rest(key, worker)

    @contextlib.asynccontextmanager
    async def replacing(self, key: Key, order: WorkerOrder) -> AsyncIterator[None]:
        """Swap workers around the caller's commit: the new one is ready before, the old one drains after it.

        Where no worker runs none is started; one that fails to start leaves its error to the next request.
        """
        async with self._starting[key]:
            fresh = None
            if key in self._current:
                with contextlib.suppress(BootError):
                    fresh = await self._start(key, order)
            try:
                yield
            except BaseException:
                if fresh is not None:
                    self._retire(key, fresh)
                raise
            if fresh is not None:
                self._install(key, fresh)
            else:
                self.withdraw(key)

    def withdraw(self, key: Key) -> None:
        """Take a function's worker out of service; it finishes the requests that it has."""
        worker = self._current.pop(key, None)
        if worker is not None:
            self._say(key, worker.order, "Shutdown", "info", "shutdown")
            self._retire(key, worker)

    async def close(self) -> None:
        """End all workers now."""
        for key in list(self._current):
            self.withdraw(key)
        for worker in list(self._retired):  # those that end meanwhile leave the set
            worker.kill()
            await worker.stop(0)
        await asyncio.gather(*self._ending)

    def running(self) -> dict[Key, int]:
        """Give the process ids of the workers in service."""
        return {key: worker.process.pid for key, worker in self._current.items() if worker.alive}

    def _serving(self, key: Key, order: WorkerOrder) -> Worker | None:
        worker = self._current.get(key)
        return worker if worker is not None and worker.alive and worker.order == order else None

    def _install(self, key: Key, worker: Worker) -> None:
        self.withdraw(key)
        self._current[key] = worker
        self._rest(key, worker)

    def _rest(self, key: Key, worker: Worker) -> None:
        """Note that a worker has nothing to do: a retired one ends, another one may wait for a while."""
        if worker.retired:
            self._end(worker)
        else:
            worker.idle_since = asyncio.get_running_loop().call_later(self._idle, self._expire, key, worker)

    def _expire(self, key: Key, worker: Worker) -> None:
        if self._current.get(key) is worker and worker.in_flight == 0:
            self.withdraw(key)

    def _retire(self, key: Key, worker: Worker) -> None:
        worker.retired = True
        self._retired.add(worker)
        if worker.idle_since is not None:
            worker.idle_since.cancel()
        if worker.in_flight == 0:
            self._rest(key, worker)

    def _end(self, worker: Worker) -> None:
        task = asyncio.create_task(worker.stop(_DRAIN_LIMIT))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        task.add_done_callback(lambda _: self._retired.discard(worker))

    async def _start(self, key: Key, order: WorkerOrder) -> Worker:
        await asyncio.sleep(self.cold_start)
        program = order.program
        process = await asyncio.create_subprocess_exec(
            str(self._deno),
            "run",
            "--quiet",
            "--no-prompt",
            "--allow-env",
            "--allow-import",
            "--allow-net",
            "--allow-sys",
            f"--allow-read={program.root}",
            *program.resolution_flags(),
            str(_BOOT_SCRIPT),
            cwd=program.root,
            env=deno_environment(order.environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**20,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        worker = Worker(order, process)
        begin = time.monotonic()
        announcement = secrets.token_hex(16)
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        worker.output = [
            asyncio.create_task(_read(stream, (announcement, port), partial(self._say, key, order, "Log", level)))
            for level, stream in (("info", process.stdout), ("error", process.stderr))
            if stream is not None
        ]
        orders = {"entrypoint": program.entrypoint.as_uri(), "announcement": announcement}
        if process.stdin is not None:
            process.stdin.write(json.dumps(orders).encode() + b"\n")
        ended = asyncio.create_task(process.wait())
        try:
            await asyncio.wait({port, ended}, timeout=_BOOT_LIMIT, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            if not port.done():
                await worker.stop(0)
        if not port.done():
            raise BootError
        worker.port = port.result()
        self._say(key, order, "Boot", "info", f"booted (time: {(time.monotonic() - begin) * 1000:.0f}ms)")
        return worker

    def _say(self, key: Key, order: WorkerOrder, event: str, level: str, line: str) -> None:
        self._hear(key, line, {"event_type": event, "level": level, "version": str(order.version)})


async def _read(
    stream: asyncio.StreamReader,
    ready: tuple[str, asyncio.Future[int]],
    say: Callable[[str], None],
) -> None:
    """Keep what a worker writes; the line that announces its port is the one that is not the function's."""
    announcement, port = ready
    while True:
        try:
            line = (await stream.readline()).decode(errors="replace")
        except ValueError:
            line = "(a line of more than 1 MiB was left out)\n"
        if not line:
            return
        if announcement in line and not port.done():
            port.set_result(int(line.split()[-1]))
        else:
            say(line.rstrip("\n"))


def _die_with_parent() -> None:
    """Run in the child before Deno: even a killed daemon leaves no worker behind, whatever the function does."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
