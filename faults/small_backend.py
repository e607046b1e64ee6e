"""The ground for faults of a release: a released stack with a small backend that tells what ran."""

import contextlib
import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from faults.ground import Ground, temporary_checkout
from tests.engine.checkout import Live

FUNCTIONS = ("one", "two")
FILES, STATEMENTS = ("first", "second"), 2
_FIRST_VERSION = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)

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
class SmallBackend(Ground):
    """A checkout whose backend is the small one.

    Attributes:
        release: the sources' number; functions answer it.
    """

    release: int = 0

    @classmethod
    @contextlib.contextmanager
    def prepared(cls) -> Iterator["SmallBackend"]:
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

    def step(self, file: str, statement: int) -> str:
        """Name a statement of the current release."""
        return f"{self.release}.{file}.{statement}"

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
