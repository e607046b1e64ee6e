"""What can go wrong while a release is under way."""

import contextlib
import re
import shutil
import signal
import tempfile
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from faults.ground import Ground
from faults.running_up import RunningUp
from faults.small_backend import SmallBackend
from tests.engine.checkout import Run, Session

_POLL_SECONDS = 0.02
_SERVER_SECONDS = 20.0
# What the process document's stack files leave at its default, and what a busy machine adds.
_LOCK_TIMEOUT_SECONDS, _SLACK_SECONDS = 5.0, 3.0
# A killed client's request is carried out all the same, this much later.
_WINDOW_SECONDS = 1.0
BROKEN = "promise broken: "
"""Begins a line that a disturbance adds to what a release printed."""
_FOREIGN_LEASE = (
    "update release.lease set holder = 'somebody@elsewhere process 1 started 1.00', fencing = fencing + 1,"
    " expires_at = now() + interval '1 hour'"
)
_LEASE_OVER = "update release.lease set expires_at = now()"


@dataclass(frozen=True)
class Point:
    """A request of a release, told by what the local cloud lists: method, path, and how many alike came before it."""

    method: str
    path: str
    earlier: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f" #{self.earlier + 1}" if self.earlier else "")


@dataclass(frozen=True)
class Disturbance(ABC):
    """One way to disturb a release."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What is disturbed, and how."""

    @abstractmethod
    def apply(self, ground: Ground) -> tuple[Run, bool]:
        """Release and disturb; gives how that release ended, and whether the disturbance happened."""

    def recover(self, ground: Ground, seen: Run) -> None:
        """Do what the next `up` would ask for: `pulumi cancel` where a killed engine left its lock."""
        del seen
        if ground.is_locked():
            ground.cancel()


@dataclass(frozen=True)
class RequestFault(Disturbance):
    """A request of a release goes wrong.

    Attributes:
        point: the request.
        how: name of the fault.
        fault: its form for the control plane.
    """

    point: Point
    how: str
    fault: dict[str, Any] = field(hash=False)

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"{self.point}: {self.how}"

    def apply(self, ground: Ground) -> tuple[Run, bool]:
        """Release with one answer spoilt."""
        ground.control("POST", "/faults", {**_selector(ground, self.point), **self.fault})
        seen = ground.begin_up().wait()
        happened = ground.control("GET", "/faults") == []
        ground.control("DELETE", "/faults")
        return seen, happened


@dataclass(frozen=True)
class AtStatement(Disturbance):
    """Something happens while a session waits for a lock that we hold: that fixes the moment to one statement.

    Attributes:
        what: the statement, in words.
        lock: the statement that takes the lock; `{step:FILE.N}` stands for the name of a migration's statement.
    """

    what: str
    lock: str

    def apply(self, ground: Ground) -> tuple[Run, bool]:
        """Release, strike when the statement waits, and let it go on."""
        assert isinstance(ground, SmallBackend)  # noqa: S101 - its migrations have the statements
        with ground.live.session() as holder, ground.live.session() as observer:
            holder.execute("begin")
            text = re.sub(r"\{step:(\w+)\.(\d)\}", lambda match: ground.step(match[1], int(match[2])), self.lock)
            holder.execute(text.encode())
            up = ground.begin_up()
            pid = _await_waiting(up, observer, holder.info.backend_pid)
            orphans = up.steps()
            happened = pid is not None and self.strike(up, observer, pid)
            # The strike may have ended our own session too.
            with contextlib.suppress(psycopg.OperationalError):
                holder.execute("rollback")
            return _ended(ground, up, orphans), happened

    @abstractmethod
    def strike(self, up: RunningUp, observer: Session, pid: int) -> bool:
        """Do it; `pid` is the backend that waits. Gives whether it could be done."""


@dataclass(frozen=True)
class BackendKill(AtStatement):
    """PostgreSQL ends the session."""

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"{self.what}: PostgreSQL ends its session"

    def strike(self, up: RunningUp, observer: Session, pid: int) -> bool:
        """Terminate the backend."""
        del up
        return bool(observer.execute("select pg_terminate_backend(%s)", [pid]).rowcount)


@dataclass(frozen=True)
class DatabaseRestart(AtStatement):
    """The whole server ends at once, as with a power cut; it is started again when somebody asks for it."""

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"{self.what}: PostgreSQL is restarted"

    def strike(self, up: RunningUp, observer: Session, pid: int) -> bool:
        """Shut the server down at once."""
        del up, observer
        server = psutil.Process(pid).parent()
        if server is None:
            return False
        server.send_signal(signal.SIGQUIT)
        psutil.wait_procs([server], timeout=_SERVER_SECONDS)
        return not server.is_running()


@dataclass(frozen=True)
class LockHeld(Disturbance):
    """A long transaction has read the table that a migration alters; others read it all the time, behind the migration.

    Attributes:
        seconds: how long the transaction stays after the migration began to wait.
    """

    seconds: float

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"the table that a migration alters is held for {self.seconds:g} s, with readers behind it"

    def apply(self, ground: Ground) -> tuple[Run, bool]:
        """Release while the table is held, and see how long a reader waits at most."""
        assert isinstance(ground, SmallBackend)  # noqa: S101 - its migrations have the table
        ground.alter_the_log()
        with ground.live.session() as holder, ground.live.session() as observer, ground.live.session() as reader:
            holder.execute("begin; select count(*) from public.ran")
            up = ground.begin_up()
            happened = _await_waiting(up, observer, holder.info.backend_pid) is not None
            longest, ends = 0.0, time.monotonic() + self.seconds
            while time.monotonic() < ends:
                asked = time.monotonic()
                reader.execute("select count(*) from public.ran")
                longest = max(longest, time.monotonic() - asked)
                time.sleep(_POLL_SECONDS)
            holder.execute("rollback")
        seen = up.wait()
        late = longest > _LOCK_TIMEOUT_SECONDS + _SLACK_SECONDS
        return (_blame(seen, f"a reader waited {longest:.1f} s behind the migration") if late else seen), happened


@dataclass(frozen=True)
class AtRequest(Disturbance):
    """Something happens while a request is under way, which is carried out after that.

    Attributes:
        point: the request.
    """

    point: Point

    def apply(self, ground: Ground) -> tuple[Run, bool]:
        """Release, and strike at the request."""
        delay = {"action": "delay", "seconds": _WINDOW_SECONDS}
        ground.control("POST", "/faults", {**_selector(ground, self.point), **delay})
        up = ground.begin_up()
        try:
            while up.running and ground.control("GET", "/faults"):
                time.sleep(_POLL_SECONDS)
            orphans = up.steps()
            happened = ground.control("GET", "/faults") == [] and self.strike(ground, up)
            ground.control("DELETE", "/faults")
            return _ended(ground, up, orphans), happened
        finally:
            self.undo(ground)

    @abstractmethod
    def strike(self, ground: Ground, up: RunningUp) -> bool:
        """Do it. Gives whether it could be done."""

    def undo(self, ground: Ground) -> None:
        """Take it back after the release; nothing here."""


@dataclass(frozen=True)
class StateDiskFull(AtRequest):
    """From a request on the engine can't write its state any more: its files end at half the state's size."""

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"{self.point}: no space for the state from then on"

    def strike(self, ground: Ground, up: RunningUp) -> bool:
        """Limit what the engine writes; a disk that is full for all of the machine is nothing that a test may make."""
        size = ground.state_file().stat().st_size // 2
        psutil.Process(up.process.pid).rlimit(psutil.RLIMIT_FSIZE, (size, size))
        return True

    def recover(self, ground: Ground, seen: Run) -> None:
        """Put the last whole state back: the engine leaves a torn file in a folder where it can't write all of it."""
        super().recover(ground, seen)
        ground.restore_state()


@dataclass(frozen=True)
class ClockJump(AtRequest):
    """The platform's clock jumps.

    Attributes:
        seconds: by how much.
    """

    seconds: int

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"{self.point}: the platform's clock jumps by {self.seconds:+} s"

    def strike(self, ground: Ground, up: RunningUp) -> bool:
        """Let it jump."""
        del up
        ground.control("PUT", "/clock", self.seconds)
        return True

    def undo(self, ground: Ground) -> None:
        """Let it jump back."""
        ground.control("PUT", "/clock", 0)


@dataclass(frozen=True)
class LeaseLost(AtStatement):
    """Somebody on another host has the lease from then on, and vanishes."""

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"{self.what}: somebody elsewhere takes the lease"

    def strike(self, up: RunningUp, observer: Session, pid: int) -> bool:
        """Write another holder."""
        del up, pid
        observer.execute(_FOREIGN_LEASE)
        return True

    def recover(self, ground: Ground, seen: Run) -> None:
        """Let the other's time pass."""
        del seen
        ground.live.sql(_LEASE_OVER)


@dataclass(frozen=True)
class KillAtStatement(AtStatement):
    """A process of the release is killed.

    Attributes:
        victim: `engine`, `command` (of the release) or `CLI`.
    """

    victim: str

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"{self.what}: SIGKILL of the {self.victim}"

    def strike(self, up: RunningUp, observer: Session, pid: int) -> bool:
        """Kill."""
        del observer, pid
        return _kill(up, self.victim)


@dataclass(frozen=True)
class KillAtRequest(AtRequest):
    """A process of the release is killed.

    Attributes:
        victim: `engine`, `command` (of the release) or `CLI`.
    """

    victim: str

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"{self.point}: SIGKILL of the {self.victim}"

    def strike(self, ground: Ground, up: RunningUp) -> bool:
        """Kill."""
        del ground
        return _kill(up, self.victim)

    def undo(self, ground: Ground) -> None:
        """Let the request be carried out, which nobody waits for any more."""
        del ground
        time.sleep(_WINDOW_SECONDS)


@dataclass(frozen=True)
class KillAfterCommit(Disturbance):
    """The engine is killed as soon as something that it wrote is to be seen: it is done, and not told.

    Attributes:
        what: what was written, in words.
        query: its answer changes when it is written.
    """

    what: str
    query: str

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"{self.what}: SIGKILL of the engine after it"

    def apply(self, ground: Ground) -> tuple[Run, bool]:
        """Release, and kill after the commit."""
        with ground.live.session() as observer:
            before = observer.execute(self.query.encode()).fetchall()
            up = ground.begin_up()
            written = False
            while up.running and not written:
                written = observer.execute(self.query.encode()).fetchall() != before
            orphans = up.steps()
            happened = written and _kill(up, "engine")
            return _ended(ground, up, orphans), happened


@dataclass(frozen=True)
class KillAtCheckpoint(Disturbance):
    """The engine is killed as soon as it has written the stack's state for the so-manieth time.

    Attributes:
        number: counts from 1.
    """

    number: int

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return f"checkpoint {self.number} of the state: SIGKILL of the engine after it"

    def apply(self, ground: Ground) -> tuple[Run, bool]:
        """Release, and kill after the checkpoint."""
        up = ground.begin_up()
        happened = ground.count_checkpoints(up, most=self.number) == self.number and _kill(up, "engine")
        return _ended(ground, up, up.steps()), happened


@dataclass(frozen=True)
class ForeignLease(Disturbance):
    """A release on another host vanished while it had the lease, whose time is not over."""

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return "a holder of the lease on another host vanished"

    def apply(self, ground: Ground) -> tuple[Run, bool]:
        """Release while the lease is taken."""
        ground.live.sql(_FOREIGN_LEASE)
        seen = ground.begin_up().wait()
        return seen, "Another release is under way" in seen.text

    def recover(self, ground: Ground, seen: Run) -> None:
        """Let its time pass, as the text says."""
        del seen
        ground.live.sql(_LEASE_OVER)


@dataclass(frozen=True)
class SecondRelease(Disturbance):
    """A second `pulumi up` of the same sources begins while the first is under way.

    Attributes:
        own_state: the second keeps its state elsewhere, so only the database tells it of the first.
    """

    own_state: bool

    @property
    def name(self) -> str:
        """What is disturbed, and how."""
        return "two releases at once, " + ("each with a state of its own" if self.own_state else "over one state")

    def apply(self, ground: Ground) -> tuple[Run, bool]:
        """Run both; what was seen is the second's end, or the first's where that failed."""
        with tempfile.TemporaryDirectory(prefix="faults-state-") as copy:
            shutil.copytree(ground.checkout.directory / ".local/pulumi", copy, dirs_exist_ok=True)
            first = ground.begin_up()
            second = ground.begin_up(environment={"PULUMI_BACKEND_URL": f"file://{copy}"} if self.own_state else None)
            runs = [first.wait(), second.wait()]
        failed = [run for run in runs if run.code != 0]
        told = all(re.search(r"Another release is under way|currently locked", run.text) for run in failed)
        return (failed[0] if failed else runs[1]), told and len(failed) < len(runs)


def _selector(ground: Ground, point: Point) -> dict[str, Any]:
    path = re.escape(point.path).replace(r"\{ref\}", ground.ref)
    return {"method": point.method, "path": path, "skip": point.earlier, "times": 1}


def _await_waiting(up: RunningUp, observer: Session, holder: int) -> int | None:
    """Give the first backend that waits for what the session `holder` has; None where the release ends before."""
    query = "select pid from pg_stat_activity where %s = any(pg_blocking_pids(pid))"
    while up.running:
        for row in observer.execute(query, [holder]).fetchall():
            return int(row["pid"])
        time.sleep(_POLL_SECONDS)
    return None


def _kill(up: RunningUp, victim: str) -> bool:
    if victim == "engine":
        up.kill_engine()
        return True
    victims = [process for process in up.processes() if _is(process, victim)]
    for process in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return bool(victims)


def _is(process: psutil.Process, victim: str) -> bool:
    with contextlib.suppress(psutil.Error):
        command = process.cmdline()
        if victim == "command":
            return command[1:3] == ["-m", "release"]
        return bool(command) and Path(command[0]).name.startswith("supabase")
    return False


def _ended(ground: Ground, up: RunningUp, processes: list[psutil.Process]) -> Run:
    """Wait for the release's end, and tell if processes of it outlive it."""
    seen = up.wait()
    left = ground.wait_for_orphans(processes)
    return _blame(seen, f"still running afterwards: {'; '.join(left)}") if left else seen


def _blame(seen: Run, promise: str) -> Run:
    return Run(seen.code, f"{seen.text}\n{BROKEN}{promise}")
