"""Every command that a document names exists, with the options that the document gives it."""

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / ".github").glob("*.md"))]
PROGRAMS = ("ops", "localcloud", "bench")
_PYTHON = re.compile(r"(?:\.venv/bin/)?python3? -m (ops|localcloud|bench) ([^`|\n]*)")
_OPS = re.compile(r"`ops ([^`\n]*)`")
_MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)


def named() -> Iterator[tuple[str, str, str]]:
    """Give each command as document, program and the rest of its line."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for program, rest in _PYTHON.findall(text):
            yield path.name, program, rest
        for rest in _OPS.findall(text):
            yield path.name, "ops", rest


def tell_problem(program: str, rest: str) -> str | None:
    """Say what of a command line there is not; None where all of it is there."""
    command = typer.main.get_command(importlib.import_module(f"{program}.__main__").app)
    # What follows on the line is a comment; brackets hold what may be left out.
    line = re.sub(r"\s#.*|[\[\]…]", " ", rest).split(" -- ")[0]
    words = shlex.split(line.replace("'", "").replace("(", " ").replace(")", " "))
    while words and hasattr(command, "commands"):
        names = words.pop(0).split("/")
        missing = [name for name in names if name not in command.commands]
        if missing:
            return f"{program} has no command {', '.join(missing)}"
        command = command.commands[names[0]]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in {*options, "--help"}]
    return f"{program} {command.name} has no option {', '.join(unknown)}" if unknown else None


@pytest.mark.parametrize("document", [path.name for path in DOCUMENTS])
def test_every_command_of_a_document_exists_with_its_options(document: str) -> None:
    problems = {(program, rest): tell_problem(program, rest) for name, program, rest in named() if name == document}
    assert {line: problem for line, problem in problems.items() if problem} == {}


def test_every_target_of_make_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    told = {target for path in DOCUMENTS for target in _MAKE.findall(path.read_text(encoding="utf-8"))}
    assert told <= targets
    assert "up" in told


def test_a_command_or_an_option_that_is_not_there_is_seen() -> None:
    assert tell_problem("ops", "history --stack staging") is None
    assert tell_problem("ops", "histroy --stack staging") == "ops has no command histroy"
    assert tell_problem("ops", "history --stak staging") == "ops history has no option --stak"
    assert len(list(named())) > 40
