"""The same, as it is met: by the commands that people run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.hostile.clear_error import DEEP, assert_clear, contents

SECRETS = dict.fromkeys(("GITHUB_TOKEN", "SUPABASE_ACCESS_TOKEN", "SUPABASE_DB_PASSWORD"), "for-no-log-7f3a")
# Where nobody listens: what gets that far says that nobody answers.
NOWHERE = {"SUPABASE_API_ENDPOINT": "http://127.0.0.1:9", "GITHUB_BASE_URL": "http://127.0.0.1:9"}
TARGET = {
    "RELEASE_STACK": "staging",
    "RELEASE_REF": "a" * 20,
    "RELEASE_NAME": "mano-staging",
    "RELEASE_ORGANIZATION": "mano-staging",
}

STAGING, TOKEN = ("--stack", "staging"), ("--token", "x")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give the project's files, without its programs."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "backend", folder / "backend", ignore=shutil.ignore_patterns("node_modules", ".temp"))
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    return folder


def fails(project: Path, *arguments: str) -> str:
    """Run a command that has to fail, and give its one text."""
    before = contents(project)
    told = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=project,
        env={**os.environ, **SECRETS, **NOWHERE, **TARGET, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    text = told.stderr.decode()
    assert (told.returncode, told.stdout) == (1, b""), text
    assert_clear(text)
    assert SECRETS["GITHUB_TOKEN"] not in text
    assert contents(project) == before
    return text


def write(name: str, content: str | bytes) -> Callable[[Path], object]:
    return lambda project: (project / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("spoil", "arguments", "told"),
    [
        (write("Pulumi.staging.yaml", f"config:\n  mano:branch: {DEEP}"), ("ops", "history", *STAGING), "too deeply"),
        (write("Pulumi.staging.yaml", b"\xff\xfe"), ("ops", "audit"), "is no UTF-8"),
        (write("plan.json", '{"steps": ['), ("ops", "plan", *STAGING, "--preview", "plan.json"), "no preview"),
        (write("backend/supabase/config.toml", "functions = 1\n"), ("release", "check"), "that is no table"),
        (write("backend/supabase/migrations/2026_x.sql", "select 1;"), ("release", "migrate", *TOKEN), "not named <14"),
        (write("backend/supabase/functions/health/deno.json", '{"imports": {"x/": "../../../../../../"}}'),
         ("release", "deploy", "health", *TOKEN), "from outside of backend/"),
        (write("nothing", ""), ("release", "delete", "gone"), "127.0.0.1 does not answer"),
    ],
)  # fmt: skip
def test_a_command_ends_with_one_text_and_writes_nothing(
    spoil: Callable[[Path], object], arguments: tuple[str, ...], told: str, project: Path
) -> None:
    spoil(project)
    assert told in fails(project, *arguments)


def test_without_an_engine_a_missing_credential_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setitem(SECRETS, "SUPABASE_ACCESS_TOKEN", "")
    assert "SUPABASE_ACCESS_TOKEN is neither in" in fails(project, "ops", "history", "--stack", "staging")
