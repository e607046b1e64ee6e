"""Runs the smoke tests against what is live now."""

import os
import subprocess
from pathlib import Path
from typing import Any

from release.error import ReleaseError
from release.session import Session


class SmokeTestError(ReleaseError):
    """What is live did not pass; the text is the report, without consequence and remedy."""


def run_smoke_tests(session: Session, directory: Path, *, deadline_seconds: int) -> str:
    """Run scripts/smoke-tests.ts with the project's keys in its environment.

    Args:
        session: the open release.
        directory: the folder that holds `scripts/`.
        deadline_seconds: how long the tests may take in all.

    Returns:
        The report.

    Raises:
        SmokeTestError: a check failed, or the deadline passed.
        ReleaseError: the tests can't run.
    """
    keys = session.api.api_keys()
    public, secret = _pick(keys, "publishable", "anon"), _pick(keys, "secret", "service_role")
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "DENO_DIR", "DENO_CERT") if name in os.environ}
    command = ["deno", "run", "--quiet", "--no-prompt", "--allow-net", "--allow-env", "scripts/smoke-tests.ts"]
    try:
        result = subprocess.run(
            [*command, session.target.url, "--timeout", str(deadline_seconds)],
            cwd=directory,
            env={**environment, "NO_COLOR": "1", "SUPABASE_PUBLISHABLE_KEY": public, "SUPABASE_SECRET_KEY": secret},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=deadline_seconds + 30,
        )
    except subprocess.TimeoutExpired as error:
        raise SmokeTestError(f"The smoke tests did not end within {deadline_seconds} s.") from error
    report = (result.stdout + result.stderr).replace(secret, "***").strip()
    if result.returncode != 0:
        raise SmokeTestError(f"The smoke tests failed against {session.target.url}:\n{report}")
    return report


def _pick(keys: list[dict[str, Any]], kind: str, legacy_name: str) -> str:
    """Take a key of the current kind, or the legacy one where the project has only those."""
    values = [key for key in keys if key.get("api_key")]
    for key in [key for key in values if key.get("type") == kind] + [
        key for key in values if key.get("type") == "legacy" and key.get("name") == legacy_name
    ]:
        return str(key["api_key"])
    raise ReleaseError(
        f"The project has no {kind} key and no legacy key {legacy_name}, so the smoke tests can't log in."
        " Remedy: create one in the project's settings."
    )
