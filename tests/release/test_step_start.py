"""What each step of a release pays before it begins."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What a step uses, and a client of it, which is where httpx looks for trio.
_LOAD = "import sys, httpx; httpx.Client().close(); print(*sys.modules)"
_STEP = f"import release.__main__, release.function_deploy, release.session; {_LOAD}"
_UNUSED = {"rich", "pygments", "trio._core"}


def loaded(program: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_step_loads_nothing_that_only_others_use() -> None:
    assert loaded(_STEP) & _UNUSED == set()


def test_httpx_would_load_them_by_itself() -> None:
    assert loaded(_LOAD) & _UNUSED
