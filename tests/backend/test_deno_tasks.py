import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backend.backend_project import BACKEND


@pytest.mark.parametrize("task", ["test", "check", "lint", "fmt"])
def test_task_passes(task: str) -> None:
    deno = Path(sys.executable).with_name("deno")
    environment = {**os.environ, "NO_COLOR": "1"}
    told = subprocess.run(
        [deno, "task", task], cwd=BACKEND, env=environment, capture_output=True, text=True, check=False, timeout=180
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_lock_file_names_no_registry() -> None:
    text = (BACKEND / "deno.lock").read_text(encoding="utf-8")
    assert "integrity" in text
    assert "://" not in text
