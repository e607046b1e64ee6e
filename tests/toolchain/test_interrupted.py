"""Whatever kills the toolchain, at whichever step: the next run comes right. And two runs at once do the work once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
each_part = pytest.mark.parametrize("part", ["engine", "plugin", "npm", "virtualenv"])


def _interrupted(part: str, folder: Path) -> list[Path]:
    """A folder for each step at which a process was killed."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tests.toolchain.interrupted", part, folder],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return [path for path in folder.iterdir() if path.name != "whole"]


def _left(folder: Path) -> dict[str, str]:
    """What is there in the end; the stamp of a virtual environment names the folder."""
    return {
        str(path.relative_to(folder)): "" if path.name == ".toolchain" else path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock" and not path.name.startswith("did-")
    }


def _did(folder: Path, process: int) -> list[str]:
    file = folder / f"did-{process}"
    return file.read_text().splitlines() if file.exists() else []


@each_part
def test_a_run_after_a_killed_one_comes_right(part: str, tmp_path: Path) -> None:
    steps = _interrupted(part, tmp_path)

    assert len(steps) > 3
    for folder in steps:
        assert _left(folder) == _left(tmp_path / "whole"), f"killed at step {folder.name}"
        assert _did(folder, 3) == [], f"killed at step {folder.name}: the third run did work again"
    at_once = [*_did(tmp_path / "whole", 1), *_did(tmp_path / "whole", 2)]
    assert len(at_once) == len(_did(tmp_path / "1", 2)), "two at once did the same"


def test_packages_of_a_killed_installation_are_installed_again(tmp_path: Path) -> None:
    for folder in _interrupted("virtualenv", tmp_path):
        killed = any("pip sync" in line for line in _did(folder, 1))
        assert ("--reinstall" in _did(folder, 2)[-1]) >= killed
