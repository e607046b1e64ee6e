"""Runs the smoke tests against what is live now."""

import os
import subprocess
import time
from typing import Any

from release.backend_source import BackendSource
from release.error import ReleaseError
from release.live_state import ManifestRow
from release.session import Session


def run_smoke_tests(session: Session, backend: BackendSource, *, token: str, deadline_seconds: int) -> str:
    """Run scripts/smoke-tests.ts with the project's keys in its environment.

    Args:
        session: the open release.
        backend: the sources.
        token: the token to note.
        deadline_seconds: how long the tests may take in all.

    Returns:
        The report.

    Raises:
        ReleaseError: a check failed, or the deadline passed.
    """
    started = time.monotonic()
    keys = session.api.api_keys()
    public, secret = _pick(keys, "publishable", "anon"), _pick(keys, "secret", "service_role")
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "DENO_DIR", "DENO_CERT") if name in os.environ}
    command = ["deno", "run", "--quiet", "--no-prompt", "--allow-net", "--allow-env", "scripts/smoke-tests.ts"]
    try:
        result = subprocess.run(
            [*command, session.target.url, "--timeout", str(deadline_seconds)],
            cwd=backend.directory,
            env={**environment, "NO_COLOR": "1", "SUPABASE_PUBLISHABLE_KEY": public, "SUPABASE_SECRET_KEY": secret},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=deadline_seconds + 30,
        )
    except subprocess.TimeoutExpired as error:
        raise ReleaseError(
            f"The smoke tests did not end within {deadline_seconds} s, so this release is not validated."
            " Remedy: see what hangs; `pulumi up` runs them again."
        ) from error
    report = (result.stdout + result.stderr).replace(secret, "***").strip()
    if result.returncode != 0:
        raise ReleaseError(
            f"The smoke tests failed against {session.target.url}:\n{report}\nThe release is live but not validated."
            " Remedy: correct the backend, then `pulumi up`."
        )
    session.note(
        "smoke",
        ManifestRow(source=backend.smoke_digest, live=backend.digest, token=token),
        seconds=time.monotonic() - started,
    )
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
