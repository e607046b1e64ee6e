"""The ground that faults are tried on: a released stack on a local cloud of its own, with a small backend."""

import contextlib
import datetime as dt
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.engine.checkout import Checkout, Live, Run

FUNCTIONS = ("one", "two")
FILES, STATEMENTS = ("first", "second"), 2
_FIRST_VERSION = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
_RUN_SECONDS = 480.0
_LEFTOVER_SECONDS = 10.0

# Every statement leaves a row, so that one that ran twice is seen; and it can be stopped by whoever has its lock.
_LOG = """create table public.ran (id bigint generated always as identity primary key, step text not null);
create function public.run(step text) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtext(step));
  insert into public.ran (step) values (step);
end
$$;
"""
_CONFIG = 'project_id = "faults"\n\n[db]\nmajor_version = 17\n' + "".join(
    f"\n[functions.{slug}]\nverify_jwt = false\n" for slug in FUNCTIONS
)
_SMOKE = """const wanted = %(release)s;
for (const slug of %(functions)s) {
  const answer = await fetch(`${Deno.args[0]}/functions/v1/${slug}`);
  const body = await answer.text();
  if (body !== `${slug} ${wanted}`) {
    console.error(`${slug} answers ${answer.status} ${body}`);
    Deno.exit(1);
  }
}
"""


@dataclass
class RunningUp:
    """A `pulumi up` under way; the process is the engine itself, its output goes to a file."""

    process: "subprocess.Popen[bytes]"
    output: Path
    begun: float = field(default_factory=time.monotonic)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def processes(self) -> list[psutil.Process]:
        """Give all processes that it has started and that run now."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def steps(self) -> list[psutil.Process]:
        """Give the release's own commands that run now, and what they have started: what could still write."""
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if process.cmdline()[1:3] == ["-m", "release"]:
                    found += [process, *process.children(recursive=True)]
        return found

    def end(self) -> None:
        """Kill it with all that it has started, where it runs."""
        if self.running:
            for process in [*self.processes(), psutil.Process(self.process.pid)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self.process.wait()

    def wait(self) -> Run:
        """Wait for its end; one that hangs is killed, and has code -9."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_RUN_SECONDS)
        self.end()
        return Run(self.process.returncode, self.output.read_text(encoding="utf-8", errors="replace"))


@contextlib.contextmanager
def temporary_checkout() -> Iterator[Checkout]:
    """Make a checkout; it and its local cloud are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        checkout = Checkout.make(Path(name) / "checkout")
        try:
            yield checkout
        finally:
            checkout.localcloud("stop")


@dataclass
class Ground:
    """A checkout, its project, and the number of the release that its sources are.

    Attributes:
        checkout: the copy of the project whose backend is the small one.
        live: its project.
        release: the sources' number; functions answer it.
        runs: every `up` so far.
    """

    checkout: Checkout
    live: Live
    release: int = 0
    runs: list[RunningUp] = field(default_factory=list)

    @classmethod
    @contextlib.contextmanager
    def prepared(cls) -> Iterator["Ground"]:
        """Make one, released once; everything of it is gone afterwards."""
        with temporary_checkout() as checkout:
            _write_backend(checkout.directory / "backend")
            checkout.commit("small backend")
            checkout.up_well("--skip-preview")
            ground = cls(checkout, Live(checkout.output("project_ref"), checkout.variables()))
            # Cases follow each other faster than people release.
            ground.control("PUT", "/rate-limit", 100_000)
            with ground.ended():
                yield ground

    @contextlib.contextmanager
    def ended(self) -> Iterator[None]:
        """End every run that is still under way, afterwards."""
        try:
            yield
        finally:
            for run in self.runs:
                run.end()

    @property
    def title(self) -> str:
        """What comes before a case's name."""
        return ""

    @property
    def ref(self) -> str:
        """The project's ref, as a regular expression."""
        return self.live.ref

    @property
    def backend(self) -> Path:
        """The folder of the sources."""
        return self.checkout.directory / "backend"

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Move the local cloud's control plane; gives its answer."""
        answer = self.live.control(method, path, body)
        return answer.json() if answer.content else None

    def prepare_release(self) -> None:
        """Write the sources of the next release: two migrations of two statements, and both functions changed."""
        self.release += 1
        for file in FILES:
            version = f"{_FIRST_VERSION + dt.timedelta(minutes=self.release, seconds=FILES.index(file)):%Y%m%d%H%M%S}"
            name = f"{version}_release_{self.release}_{file}.sql"
            statements = [f"select public.run('{self.step(file, n)}');\n" for n in range(STATEMENTS)]
            (self.backend / "supabase/migrations" / name).write_text("".join(statements), encoding="utf-8")
            undo = f"delete from public.ran where step like '{self.step(file, 0)[:-1]}%';\n"  # noqa: S608 - our own
            (self.backend / "supabase/rollbacks" / name).write_text(undo, encoding="utf-8")
        _write_release(self.backend, self.release)

    def alter_the_log(self) -> None:
        """Let the release's first migration alter the table that its statements write to."""
        [migration] = (self.backend / "supabase/migrations").glob(f"*_release_{self.release}_{FILES[0]}.sql")
        undo = self.backend / "supabase/rollbacks" / migration.name
        for path, statement in ((migration, "add column"), (undo, "drop column")):
            kind = " text" if path is migration else ""
            altered = f"alter table public.ran {statement} note_{self.release}{kind};\n"
            path.write_text(altered + path.read_text(encoding="utf-8"), encoding="utf-8")

    def state_file(self) -> Path:
        """Give the file that the engine keeps the stack's state in."""
        [file] = (self.checkout.directory / ".local/pulumi/.pulumi/stacks").rglob(f"{self.checkout.stack}.json")
        return file

    def restore_state(self) -> None:
        """Put the state back to where the last whole run left it, as docs/state.md says for a torn file."""
        history = (self.checkout.directory / ".local/pulumi/.pulumi/history").rglob(
            f"{self.checkout.stack}-*.checkpoint.json"
        )
        for checkpoint in sorted(history, key=lambda path: path.stat().st_mtime_ns, reverse=True):
            with contextlib.suppress(json.JSONDecodeError):
                json.loads(checkpoint.read_text(encoding="utf-8"))
                shutil.copy(checkpoint, self.state_file())
                return
        raise RuntimeError("No state of any run is whole.")

    def step(self, file: str, statement: int) -> str:
        """Name a statement of the current release."""
        return f"{self.release}.{file}.{statement}"

    def begin_up(self, *arguments: str, environment: Mapping[str, str] | None = None) -> RunningUp:
        """Start `pulumi up --skip-preview`."""
        descriptor, path = tempfile.mkstemp(dir=self.checkout.directory.parent, suffix=".txt")
        with os.fdopen(descriptor, "wb") as output:
            process = subprocess.Popen(
                ["pulumi", "up", "--stack", self.checkout.stack, "--yes", "--skip-preview", *arguments],
                cwd=self.checkout.directory,
                env={**self.live.variables, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.runs.append(RunningUp(process, Path(path)))
        return self.runs[-1]

    def is_locked(self) -> bool:
        """Tell whether the engine left a lock, which refuses the next run and names `pulumi cancel`."""
        locks = self.checkout.directory / ".local/pulumi/.pulumi/locks"
        return any(locks.rglob("*.json"))

    def cancel(self) -> Run:
        """Run `pulumi cancel`, as the engine asks for after it was killed."""
        result = subprocess.run(
            ["pulumi", "cancel", "--stack", self.checkout.stack, "--yes"],
            cwd=self.checkout.directory,
            env=self.live.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(result.returncode, result.stdout + result.stderr)

    def wait_for_orphans(self, processes: list[psutil.Process]) -> list[str]:
        """Wait until processes of a killed run have ended; gives those that have not in time."""
        _, alive = psutil.wait_procs(processes, timeout=_LEFTOVER_SECONDS)
        names = []
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                names.append(" ".join(process.cmdline())[:80] or process.name())
        return names

    def broken_promises(self) -> list[str]:
        """Say what holds whatever happened, and does not: statements run once, and recorded if and only if run."""
        steps = Counter(row["step"] for row in self.live.sql("select step from public.ran"))
        promises = [f"statement {step} ran {count} times" for step, count in sorted(steps.items()) if count > 1]
        ledger = set(self.live.ledger())
        for path in (self.backend / "supabase/migrations").glob("*_release_*.sql"):
            version, _, number, file = path.stem.split("_")
            ran = [f"{number}.{file}.{statement}" in steps for statement in range(STATEMENTS)]
            if (version in ledger) is not all(ran) or any(ran) is not all(ran):
                state = "recorded" if version in ledger else "not recorded"
                promises.append(f"{path.name} is {state}, and {sum(ran)} of its {STATEMENTS} statements ran")
        for slug in FUNCTIONS:
            answer = self._ask(slug)
            if answer not in {f"{slug} {number}" for number in range(self.release + 1)}:
                promises.append(f"function {slug} does not answer: {answer}")
        return promises

    def missing(self) -> list[str]:
        """Say what of the declared release is not live or not recorded: nothing, after an exit code 0."""
        files = {path.name for path in (self.backend / "supabase/migrations").glob("*.sql")}
        ledger = set(self.live.ledger())
        missing = [f"{name} is not applied" for name in sorted(files) if name.split("_")[0] not in ledger]
        for slug in FUNCTIONS:
            answer = self._ask(slug)
            if answer != f"{slug} {self.release}":
                missing.append(f"function {slug} is not of this release: {answer}")
        count = (
            "select count(*) as rows, count(distinct digest) as releases from release.records where kind <> 'failed'"
        )
        [records] = self.live.sql(count)
        if records["releases"] != self.release + 1:
            missing.append(f"{records['releases']} releases are recorded, not {self.release + 1}")
        if records["rows"] != records["releases"]:
            missing.append(f"{records['rows']} records of {records['releases']} releases")
        return missing

    def _ask(self, slug: str) -> str:
        try:
            answer = self.live.function(slug)
        except httpx.TransportError as error:
            return type(error).__name__
        return answer.text if answer.is_success else f"{answer.status_code} {answer.text[:100]}"


def _write_backend(backend: Path) -> None:
    lint = (backend / ".squawk.toml").read_text(encoding="utf-8")
    shutil.rmtree(backend)
    for folder in ("supabase/migrations", "supabase/rollbacks", "scripts", "tests"):
        (backend / folder).mkdir(parents=True)
    (backend / ".squawk.toml").write_text(lint, encoding="utf-8")
    (backend / "supabase/config.toml").write_text(_CONFIG, encoding="utf-8")
    (backend / "supabase/migrations/20260101000000_log.sql").write_text(_LOG, encoding="utf-8")
    undo = "drop function public.run; drop table public.ran;\n"
    (backend / "supabase/rollbacks/20260101000000_log.sql").write_text(undo, encoding="utf-8")
    (backend / "tests/nothing_test.ts").write_text('Deno.test("nothing", () => {});\n', encoding="utf-8")
    _write_release(backend, 0)


def _write_release(backend: Path, number: int) -> None:
    for slug in FUNCTIONS:
        path = backend / "supabase/functions" / slug / "index.ts"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'Deno.serve(() => new Response("{slug} {number}"));\n', encoding="utf-8")
    smoke = _SMOKE % {"release": number, "functions": list(FUNCTIONS)}
    (backend / "scripts/smoke-tests.ts").write_text(smoke, encoding="utf-8")
