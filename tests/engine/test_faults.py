"""A sample of the fault matrix (`make faults` runs all of it), and that it sees a promise that is broken."""

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.case import Case, Outcome, last_line, run_case
from faults.disturbance import Disturbance, Point, RequestFault
from faults.first_up import FirstUp
from faults.ground import Ground
from faults.journal import Journal
from faults.matrix import all_cases, first_up_cases, record_release, sample
from faults.small_backend import SmallBackend
from tests.engine.checkout import ROOT, Checkout, Live, Run

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

# Of the kinds that fail in ways of their own, and take no time-out's half minute.
SAMPLE = (
    "POST /v1/projects/{ref}/functions/deploy: connection dropped after it",
    "POST /v1/projects/{ref}/functions/deploy: SIGKILL of the engine",
    "statement 2 of the second migration: PostgreSQL ends its session",
    "the record is written: SIGKILL of the engine after it",
    "checkpoint 3 of the state: SIGKILL of the engine after it",
    "a holder of the lease on another host vanished",
    "two releases at once, each with a state of its own",
)
PRODUCTION = "zfroutbzdkhivnpiezho"
RECORDED = [
    Point("GET", "/v1/projects/{ref}"),
    Point("POST", "/v1/projects/{ref}/functions/deploy"),
    Point("GET", "/projects/{ref}/functions/v1/one"),
]


CHECKPOINTS = 3


@pytest.fixture(scope="module")
def ground() -> Iterator[SmallBackend]:
    with SmallBackend.prepared() as prepared:
        yield prepared


@pytest.mark.parametrize("name", SAMPLE)
def test_a_disturbed_release_is_repaired_by_the_next_one(ground: SmallBackend, name: str) -> None:
    [case] = [case for case in all_cases(RECORDED, CHECKPOINTS) if case.name == name]
    outcome = run_case(Case(ground, case))
    assert outcome.happened
    assert outcome.problems == ()
    assert outcome.converged
    if outcome.code > 0:
        assert outcome.line
    if name.startswith("a holder of the lease"):
        assert "Another release is under way: somebody@elsewhere" in outcome.line


@pytest.fixture(scope="module")
def first_up() -> Iterator[FirstUp]:
    with FirstUp.prepared_for("staging") as prepared:
        record_release(prepared)
        prepared.note_undisturbed()
        yield prepared


# What is there twice if nobody looks whether it is there.
@pytest.mark.parametrize("path", ["/v1/projects", "/api/v3/repos/mano-app/mano/rulesets"])
def test_a_disturbed_first_up_is_repaired_by_the_next_one(first_up: FirstUp, path: str) -> None:
    cases = [Case(first_up, disturbance) for disturbance in first_up_cases([Point("POST", path)])]
    [case] = [case for case in cases if case.name == f"first `up` of staging, POST {path}: connection dropped after it"]
    outcome = run_case(case)
    assert outcome.happened
    assert outcome.problems == ()
    assert outcome.converged


def test_what_is_there_twice_or_not_at_all_is_seen(first_up: FirstUp) -> None:
    assert first_up.broken_promises() == []
    assert first_up.missing() == []
    production = _project(first_up, "production", PRODUCTION)
    production.api("PATCH", "", json={"name": "mano-staging"}).raise_for_status()
    [staging] = [ref for ref, name in first_up.projects().items() if name == "mano-staging" and ref != PRODUCTION]
    _project(first_up, "staging", staging).api("DELETE", "/functions/chat").raise_for_status()
    assert first_up.broken_promises() == ["project mano-staging is there 2 times"]
    assert any("chat" in problem for problem in first_up.missing())


def _project(first_up: FirstUp, stack: str, ref: str) -> Live:
    variables = first_up.live.variables
    return Live(ref, {**variables, "SUPABASE_ACCESS_TOKEN": variables[f"SUPABASE_ACCESS_TOKEN_{stack.upper()}"]})


@dataclasses.dataclass(frozen=True)
class Sabotage(Disturbance):
    """Not a fault but a broken release: what it leaves is what the matrix has to see."""

    @property
    def name(self) -> str:
        return "sabotage"

    def apply(self, ground: Ground) -> tuple[Run, bool]:
        assert isinstance(ground, SmallBackend)
        run = ground.begin_up().wait()
        with ground.live.session() as session:
            session.execute("insert into public.ran (step) values (%s)", [ground.step("first", 0)])
            session.execute("delete from public.ran where step = %s", [ground.step("second", 1)])
        assert ground.live.api("DELETE", "/functions/one").status_code == 200
        return run, True


def test_what_is_doubled_or_lost_is_seen(ground: SmallBackend) -> None:
    outcome = run_case(Case(ground, Sabotage()))
    told = " ".join(outcome.problems)
    first, second = ground.step("first", 0), ground.step("second", 1)
    try:
        assert not outcome.good
        assert f"statement {first} ran 2 times" in told
        assert f"_release_{ground.release}_second.sql is recorded, and 1 of its 2 statements ran" in told
        assert "function one does not answer: 404" in told
    finally:
        with ground.live.session() as session:
            session.execute(
                "delete from public.ran where id = (select max(id) from public.ran where step = %s)", [first]
            )
            session.execute("insert into public.ran (step) values (%s)", [second])


def test_a_sample_is_the_same_for_the_same_seed_and_has_many_kinds() -> None:
    ground = SmallBackend(Checkout(ROOT), Live("", {}))
    cases = [Case(ground, disturbance) for disturbance in all_cases(RECORDED, CHECKPOINTS)]
    chosen = sample(reversed(cases), 12, 5)
    names = [case.name for case in chosen]
    assert names == [case.name for case in sample(cases, 12, 5)]
    assert names != [case.name for case in sample(cases, 12, 6)]
    assert len({case.kind for case in chosen}) == 12
    assert len(sample(cases, None, 1)) == len(cases)
    assert len({case.name for case in cases}) == len(cases)


def test_a_reading_request_is_not_dropped_after_it() -> None:
    faults = [case for case in all_cases(RECORDED[:1], CHECKPOINTS) if isinstance(case, RequestFault)]
    assert [case.how for case in faults] == [
        "429 with Retry-After",
        "429",
        "500",
        "connection dropped before it",
        "time-out",
    ]


OF_A_STEP = """Updating (staging):
 @ updating.....
Diagnostics:
  command:local:Command (record):
    error: exit status 1: running "exec …":
    The database ended it. Remedy: again.

  pulumi:pulumi:Stack (x):
    error: update failed

    migration to apply: 20260101000000_a.sql

Outputs:
    one: 1

Resources:
    1 unchanged

Duration: 3s
"""
OF_THE_PROGRAM = """Diagnostics:
  pulumi:pulumi:Stack (x):
    project x will be created

    error: an unhandled error occurred: program exited with non-zero exit code: 1
    error: GitHub refused to tell.
    Remedy: another token.
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (OF_A_STEP, "The database ended it. Remedy: again."),
        (OF_THE_PROGRAM, "Remedy: another token."),
        ("error: the stack is currently locked by 1 lock(s)\n", "the stack is currently locked by 1 lock(s)"),
    ],
)
def test_the_last_line_is_the_one_that_says_what_went_wrong(text: str, line: str) -> None:
    assert last_line(text) == line


def test_what_runs_left_in_a_journal_is_not_run_again(tmp_path: Path) -> None:
    outcome = Outcome(name="a", happened=True, code=1, line="no", converged=True, problems=(), seconds=1.0)
    worse = dataclasses.replace(outcome, name="b", problems=("gone",))
    for each in (outcome, worse):
        Journal(tmp_path / "journal").add(each)
    assert Journal(tmp_path / "journal").outcomes() == [outcome, worse]
    alone = Journal(None)
    alone.add(worse)
    assert alone.outcomes() == [worse]


def test_a_journal_that_is_none_ends_with_one_clear_error(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_text("{}\n", encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "faults", "--journal", str(journal)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "is no outcome of a case. Remedy: name another journal" in " ".join(told.stderr.split())


def test_the_command_explains_itself() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "faults", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--sample" in told.stdout
