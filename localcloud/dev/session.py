"""One run of the development loop, from its first line to Ctrl-C."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import termios
import tty
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from rich.text import Text
from watchfiles import DefaultFilter, awatch

from localcloud.dev.backend import Backend
from localcloud.dev.environment_file import EnvironmentFile
from localcloud.dev.project import DevProject
from localcloud.dev.terminal import Terminal
from localcloud.durable import write_text
from localcloud.listeners import open_listeners
from localcloud.place import Place

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SHUTDOWN_PATIENCE = 2  # seconds for requests under way
_HIDDEN = "••••"
_QUIET = 50  # milliseconds without a change after which a save counts as complete


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the developer asked for.

    Attributes:
        backend: the folder that holds `supabase/`.
        env_file: the functions' secrets; None is `supabase/functions/.env`, if it is there.
        reset: begin with a new database.
        show_keys: print the secret keys and the database's password.
        as_json: print JSON.
    """

    backend: Path
    env_file: Path | None
    reset: bool
    show_keys: bool
    as_json: bool


async def run(place: Place, options: Options) -> None:
    """Serve the work tree until SIGINT, SIGTERM or SIGHUP.

    Raises:
        BackendError: the backend or the env file can't be read.
        DatabaseError: the database could not be made or started.
        PortTakenError: a port of an earlier run is in use.
        ToolsMissingError: PostgreSQL is not installed.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    terminal = Terminal(as_json=options.as_json, closed=stop.set)
    backend = Backend.read(options.backend)
    secrets = EnvironmentFile(
        options.env_file or backend.functions_folder / ".env", terminal, is_required=options.env_file is not None
    )
    preferred = (backend.config.api.port, backend.config.db.port)
    http, pooler = open_listeners(place, "python -m localcloud dev --new-ports", preferred)
    ports = (http.getsockname()[1], pooler.getsockname()[1])
    project = DevProject(place, backend, secrets, terminal, ports)
    try:
        await _until(stop, project.open(pooler, reset=options.reset))
        if not stop.is_set():
            write_text(place.directory / "project.env", "".join(f"{k}={v}\n" for k, v in project.keys().items()))
            follower = _Follower(project, secrets, terminal, stop, lambda: _greet(terminal, project, place, options))
            await _serve(stop, project, follower, http)
    finally:
        terminal.tell("stopping", "stopping …", style="dim")
        await project.close()
        pooler.close()
        http.close()
    terminal.tell("stopped", "stopped; the data is kept: `make dev` goes on with it", style="dim")


async def _until(stop: asyncio.Event, *works: Coroutine[object, object, None]) -> None:
    """Do all works at once until they are done, one fails, or it is time to stop."""
    stopping: asyncio.Task[object] = asyncio.create_task(stop.wait())
    tasks: set[asyncio.Task[object]] = {asyncio.create_task(work) for work in works}
    pending = set(tasks)
    try:
        while pending and not stop.is_set():
            done, rest = await asyncio.wait({stopping, *pending}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()
            pending = rest - {stopping}
    finally:
        for task in {stopping, *tasks}:
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)


async def _serve(stop: asyncio.Event, project: DevProject, follower: "_Follower", http: socket.socket) -> None:
    server = _Server(
        uvicorn.Config(
            project.application,
            lifespan="off",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_SHUTDOWN_PATIENCE,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[http]))
    try:
        with _keyboard(follower.press):
            await _until(
                stop,
                follower.follow_work_tree(),
                follower.follow_secrets(),
                follower.begin(),
            )
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the loop, which ends more than the server."""
        yield


class _Follower:
    """Takes what happens to files and keys to the project, one thing at a time."""

    def __init__(
        self,
        project: DevProject,
        secrets: EnvironmentFile,
        terminal: Terminal,
        stop: asyncio.Event,
        ready: Callable[[], None],
    ) -> None:
        self._project = project
        self._secrets = secrets
        self._terminal = terminal
        self._stop = stop
        self._ready = ready
        self._one_at_a_time = asyncio.Lock()
        self._pressed: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """Bring everything to where the work tree is; the watchers watch already, so that no save is missed."""
        async with self._one_at_a_time:
            await self._project.database.follow()
            await self._project.functions.follow(self._project.backend.functions())
            self._ready()

    async def follow_work_tree(self) -> None:
        """Take each save below the backend's folder to the part that it concerns."""
        folder = self._project.backend.folder
        async for changes in awatch(folder, watch_filter=DefaultFilter(), step=_QUIET, stop_event=self._stop):
            async with self._one_at_a_time:
                await self._take(frozenset(Path(name) for _, name in changes))

    async def follow_secrets(self) -> None:
        """Read the env file when it is saved; functions get the new values with their next start."""
        folder = self._secrets.path.parent
        if not folder.is_dir():
            return
        async for changes in awatch(folder, recursive=False, step=_QUIET, stop_event=self._stop):
            if any(Path(name).name == self._secrets.path.name for _, name in changes) and self._secrets.read():
                names = ", ".join(self._secrets.values) or "nothing"
                self._terminal.tell("secrets", f"{self._secrets.path.name} read: {names}", style="cyan")

    def press(self, key: str) -> None:
        """Do what a key asks for."""
        if key == "r":
            task = asyncio.create_task(self._reset())
            self._pressed.add(task)
            task.add_done_callback(self._pressed.discard)

    async def _reset(self) -> None:
        async with self._one_at_a_time:
            await self._project.database.reset("resetting the database")

    async def _take(self, changed: frozenset[Path]) -> None:
        project, backend = self._project, self._project.backend
        if backend.supabase / "config.toml" in changed:
            project.read_backend()
            backend = project.backend
            self._terminal.tell("config", "config.toml read", style="cyan")
        seeds = {*backend.seeds()}
        if any(path in seeds or path.parent == backend.migrations for path in changed):
            await project.database.follow()
        await project.functions.follow(backend.functions(), changed)


def _greet(terminal: Terminal, project: DevProject, place: Place, options: Options) -> None:
    keys = project.keys()
    keys_file = place.directory / "project.env"
    shown = {
        "API URL": keys["SUPABASE_URL"],
        "publishable key": keys["SUPABASE_PUBLISHABLE_KEY"],
        "anon key": keys["SUPABASE_ANON_KEY"],
        "secret keys": f"in {keys_file}, for this project alone",
        "database": project.database_url(_HIDDEN),
        "functions": f"{project.url}/functions/v1/ {', '.join(project.functions.slugs) or '(none yet)'}",
    }
    if options.show_keys:
        shown |= {
            "secret key": keys["SUPABASE_SECRET_KEY"],
            "service key": keys["SUPABASE_SERVICE_ROLE_KEY"],
            "database": keys["SUPABASE_DB_URL"],
        }
    text = Text.assemble(("the local project is ready", "bold green"))
    for name, value in shown.items():
        text.append_text(Text.assemble(f"\n  {name:16}", (value, "bold")))
    text.append("\nCtrl-C ends it" + (", r resets the database" if _has_keyboard() else ""), "dim")
    facts: dict[str, Any] = {name.lower().replace(" ", "_"): value for name, value in shown.items()}
    terminal.tell("ready", text, **facts | {"functions": project.functions.slugs, "keys_file": str(keys_file)})


def _has_keyboard() -> bool:
    """Say whether keys that are pressed come to this process: it is in the foreground of a terminal."""
    return sys.stdin.isatty() and os.getpgrp() == os.tcgetpgrp(sys.stdin.fileno())


@contextlib.contextmanager
def _keyboard(press: Callable[[str], None]) -> Iterator[None]:
    """Hand on each key as it is pressed, where there is a keyboard."""
    if not _has_keyboard():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()
    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, lambda: press(os.read(descriptor, 1).decode(errors="replace")))
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
