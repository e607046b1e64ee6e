"""Each command of docs/runbooks.md, as it stands there, on a stack that was released twice."""

import re
import shlex
from pathlib import Path

import pytest

from tests.engine.released import Released

pytestmark = pytest.mark.engine

RUNBOOKS = Path(__file__).parents[2] / "docs/runbooks.md"
COMMANDS = [
    line
    for block in re.findall(r"^```\n(.*?)^```", RUNBOOKS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
# Findings are an answer too.
ANSWERED = {0, 2}


@pytest.fixture(scope="module")
def released_twice(released: Released) -> Released:
    function = released.checkout.directory / "backend/supabase/functions/health/index.ts"
    function.write_text(function.read_text(encoding="utf-8") + "// second\n", encoding="utf-8")
    released.checkout.up_well("--skip-preview")
    return released


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 10
    assert {line.split()[0] for line in COMMANDS} == {"python", "pulumi"}


@pytest.mark.parametrize("line", list(dict.fromkeys(COMMANDS)))
def test_a_command_of_the_runbooks_answers(released_twice: Released, line: str) -> None:
    done = released_twice.checkout.run(*shlex.split(line.replace("STACK", "staging")))
    assert done.code in ANSWERED, done.text
    assert "Traceback" not in done.text
