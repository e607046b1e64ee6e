"""The project's virtual environment `.venv`, exactly as requirements.txt and requirements-dev.txt say."""

import os
import sys
from pathlib import Path

from toolchain import cache, pins, report, versions
from toolchain.errors import ToolchainError
from toolchain.process import run

PROJECT = Path(__file__).parent.parent
FOLDER = PROJECT / ".venv"

_REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
_CONSEQUENCE = "Without its virtual environment nothing of this project runs."
_REMEDY = "Check that pip reaches a package index, then run `python3 -m toolchain ensure` again."


def python() -> Path:
    """The virtual environment's Python; the environment may still be empty apart from pip."""
    interpreter = FOLDER / "bin" / "python"
    # A new system Python leaves the old one's packages behind, and pip with them.
    has_pip = [str(interpreter), "-m", "pip", "--version"]
    if versions.reported(has_pip) is not None:
        return interpreter
    with cache.lock(_lock_name()):
        if versions.reported(has_pip) is None:
            with report.doing("python packages", f"making {FOLDER.name} with {sys.executable}", "4 s"):
                run(
                    [sys.executable, "-m", "venv", "--clear", FOLDER],
                    consequence=_CONSEQUENCE,
                    remedy="On Debian and Ubuntu: `apt-get install python3-venv`.",
                )
    return interpreter


def present() -> bool:
    """Whether the environment holds what the requirements say, as far as this program has set it up."""
    stamp = FOLDER / ".toolchain"
    return stamp.exists() and not _unfinished().exists() and stamp.read_text() == _expected()


def ensure() -> None:
    """Make the environment equal to the requirements, bytecode included."""
    if present():
        return
    interpreter = python()
    with cache.lock(_lock_name()):
        if present():
            return
        again = _unfinished().exists()
        _unfinished().touch()
        with report.doing("python packages", "installing requirements.txt and requirements-dev.txt", "40 s"):
            try:
                _with_uv(interpreter, again=again)
            except ToolchainError as error:
                reason = str(error).partition("\n")[0]
                report.say(f"python packages: uv can't do it, so pip does, which takes longer; {reason}")
                _with_pip(interpreter, again=again)
            (FOLDER / ".toolchain").write_text(_expected())
        _unfinished().unlink()


def _with_uv(interpreter: Path, *, again: bool) -> None:
    run([*_pip(interpreter, again=again), f"uv=={pins.UV}"], consequence="", remedy="")
    # Missing bytecode costs each run of the program seconds, and uv does not write it by itself.
    sync = f"pip sync --quiet --compile-bytecode --python {FOLDER.name}".split()
    if again:
        sync.append("--reinstall")
    run([FOLDER / "bin" / "uv", *sync, *_REQUIREMENTS], cwd=PROJECT, consequence="", remedy="")


def _with_pip(interpreter: Path, *, again: bool) -> None:
    files = [argument for name in _REQUIREMENTS for argument in ("-r", name)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run(
        [*_pip(interpreter, again=again), "--compile", *files],
        cwd=PROJECT,
        environment=environment,
        consequence=_CONSEQUENCE,
        remedy=_REMEDY,
    )


def _pip(interpreter: Path, *, again: bool) -> list[str | Path]:
    install: list[str | Path] = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return [*install, "--ignore-installed"] if again else install


def _expected() -> str:
    interpreter = (FOLDER / "bin" / "python").resolve()
    known = f"{interpreter} {interpreter.exists()}"
    return cache.fingerprint(*(PROJECT / name for name in _REQUIREMENTS), pins.UV, known)


def _unfinished() -> Path:
    """Is there while packages are installed; a broken off installation leaves packages that look whole."""
    return FOLDER / ".toolchain-unfinished"


def _lock_name() -> str:
    return f"venv-{cache.fingerprint(str(PROJECT))}"
