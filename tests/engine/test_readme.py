"""Each command of README.md, in the order in which a reader comes to it, in a checkout of its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.checkout import Checkout, Run

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# What contains this test or needs what a checkout lacks: the file that runs it instead.
ELSEWHERE = {
    "make test": ".ci/run",
    "make lint": "Makefile",
    "make faults": "tests/engine/test_faults.py",
    "ops release": ".github/workflows/release-pr.yml",
    "ops back-merge": ".github/workflows/back-merge.yml",
    "ops hotfix": "tests/workflows/test_process.py",
    "ops revert": "tests/workflows/test_process.py",
    "ops refresh-staging": "tests/engine/test_operating.py",
    "ops incident open": "tests/ops/incident/test_incident.py",
    "ops incident update": "tests/ops/incident/test_incident.py",
    "ops incident close": "tests/ops/incident/test_incident.py",
}
_BLOCK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"^\| (`.*?) \| ", re.MULTILINE)
_PYTHON = re.compile(r"(?:\.venv/bin/)?python -m (ops|localcloud) ([a-z/-]+)(?: ([a-z/]+))?")
_OTHER = re.compile(r"(?<![\w/.-])(make [a-z]+|pulumi [a-z]+|curl|release/command)")
# Of `ops incident` and `ops migration` the second word is the command.
_GROUPS = {"incident", "migration"}


@dataclass(frozen=True)
class Step:
    """A line to run, what it prints, its exit code, and what a reader types when it asks."""

    line: str
    shows: str = ""
    code: int = 0
    answers: str = ""


LOOK = [
    Step("make up", "functions_url"),
    Step("make up", "33 unchanged"),
    Step("make preview", "33 unchanged"),
    Step("pulumi preview --stack staging --diff", "33 unchanged"),
    Step("pulumi up --stack staging --yes", "33 unchanged"),
    Step('curl "$(pulumi stack output functions_url --stack staging)/health"', "ok"),
    Step(".venv/bin/python -m localcloud start", "in a browser"),
    Step(".venv/bin/python -m localcloud status", "status page for a browser"),
    Step(".venv/bin/python -m localcloud exec -- pulumi stack ls", "production"),
    Step(".venv/bin/python -m localcloud shell", "production", answers="pulumi stack ls\nexit\n"),
    Step("make up STACK=production", "functions_url"),
    Step("python -m ops audit", "86 in sync"),
    Step("python -m ops history --stack staging", "release"),
    Step("python -m ops plan --stack staging", "staging"),
    Step("python -m ops preview --stack staging", "Remedy: `python -m ops share-state --stack staging`", code=1),
    Step("python -m ops share-state --stack staging", "is shared with previews"),
    Step("python -m ops preview --stack staging", "33 unchanged"),
    # The local PostgreSQL has no pg_stat_statements.
    Step("python -m ops validate --stack staging", "statements   does not hold", code=2),
    Step("python -m ops monitor --stack staging --for 1s", "staging"),
    Step("python -m ops incident list", "Remedy: incidents.statusPage", code=1),
    Step("python -m ops contacts", "@"),
    Step("python -m ops app-config --stack staging", "SUPABASE_URL"),
    Step("python -m ops bodies --stack staging"),
    Step("python -m ops adopt --baseline --stack staging", code=1),
    Step("release/command --help", "One step of a release"),
    Step("make dev ARGS=--help", "--env-file"),
    # It takes an hour.
    Step("make bench --dry-run", "-m bench"),
    Step("python -m ops migration new readers", "readers"),
    Step("python -m ops migration renumber --all-pending --dry-run"),
]
UNDO = [
    Step("python -m ops rollback --stack staging", "rolled back to release 1", answers="chat is slow\ny\n"),
    Step("python -m ops rollback --stack staging --clear", "1 holds lifted"),
    Step("pulumi up --stack staging --yes", "health"),
    Step("python -m ops rollback --stack staging --migrations", "undone", answers="readers are not wanted\ny\n"),
]
END = [
    Step("make down", "stopped"),
    Step(".venv/bin/python -m localcloud stop", "no local cloud is running"),
    Step("make reset", "deleted"),
    Step(".venv/bin/python -m localcloud reset --yes", "deleted"),
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    checkout = Checkout.make(tmp_path_factory.mktemp("checkout"))
    try:
        yield checkout
    finally:
        checkout.localcloud("stop")


@pytest.fixture(scope="module")
def after_a_change(reader: Checkout) -> Checkout:
    """Give the reader whose second release brought a migration and another `health`."""
    supabase = reader.directory / "backend/supabase"
    (migration,) = (supabase / "migrations").glob("*_readers.sql")
    migration.write_text("create table public.readers (id bigint primary key);\n", encoding="utf-8")
    (supabase / "rollbacks" / migration.name).write_text("drop table public.readers;\n", encoding="utf-8")
    function = supabase / "functions/health/index.ts"
    function.write_text(function.read_text(encoding="utf-8") + "// second\n", encoding="utf-8")
    released = _type(reader, Step("pulumi up --stack staging --yes"))
    assert released.code == 0, released.text
    return reader


@pytest.mark.parametrize("step", LOOK, ids=lambda step: step.line)
def test_a_command_does_what_the_reader_is_told(reader: Checkout, step: Step) -> None:
    _hold(reader, step)


@pytest.mark.parametrize("step", UNDO, ids=lambda step: step.line)
def test_a_release_that_turns_out_wrong_is_undone(after_a_change: Checkout, step: Step) -> None:
    _hold(after_a_change, step)


@pytest.mark.parametrize("step", END, ids=lambda step: step.line)
def test_the_local_cloud_ends(reader: Checkout, step: Step) -> None:
    _hold(reader, step)


def test_no_command_of_the_readme_is_left_out() -> None:
    run = {name for step in (*LOOK, *UNDO, *END) for name in _named(step.line)}
    told = {name for part in (*_BLOCK.findall(README), *_CELL.findall(README)) for name in _named(part)}
    assert told - run == ELSEWHERE.keys()
    assert len(told) > 30


def test_what_runs_elsewhere_is_there() -> None:
    # `ops incident open` is ["open", …] where the command line is called in the test's own process.
    missing = {
        name: file
        for name, file in ELSEWHERE.items()
        if name.split()[-1] not in (ROOT / file).read_text(encoding="utf-8")
    }
    assert missing == {}


def _type(reader: Checkout, step: Step) -> Run:
    """Type a line: what is for a shell of the local cloud into one, as the README says."""
    line = ("bash", "-c", step.line)
    if step.line.startswith(("make ", ".venv/")):
        return reader.type(*line, answers=step.answers)
    return reader.localcloud("exec", "--", *line, answers=step.answers)


def _hold(reader: Checkout, step: Step) -> None:
    done = _type(reader, step)
    assert done.code == step.code, done.text
    assert step.shows in done.text, done.text
    assert "Traceback" not in done.text, done.text


def _named(text: str) -> Iterator[str]:
    """Give the commands in a text, each without what follows its name."""
    lines = "\n".join(line.partition("#")[0] for line in text.splitlines())
    for program, commands, more in _PYTHON.findall(lines):
        for command in commands.split("/"):
            yield from (
                (f"{program} {command} {name}" for name in more.split("/"))
                if command in _GROUPS
                else [f"{program} {command}"]
            )
    yield from _OTHER.findall(lines)
