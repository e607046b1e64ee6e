"""What can be proven before anything is touched: the functions resolve, and the backend's own tests pass."""

import os
import subprocess

from release.backend_source import BackendSource
from release.error import ReleaseError

# A test has no business with the credentials of a deployment; the model's key is the one that tests may use.
_WITHHELD = ("SUPABASE_ACCESS_TOKEN", "SUPABASE_DB_PASSWORD", "GITHUB_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "PGPASSWORD")


def check_backend(backend: BackendSource) -> None:
    """Check each function's module graph and types with Deno, then run the backend's tests.

    Raises:
        ReleaseError: Deno refused a function, or a test failed; nothing was touched.
    """
    entrypoints = [
        f"supabase/functions/{slug}/index.ts"
        for slug in backend.functions
        if (backend.directory / "supabase" / "functions" / slug / "index.ts").is_file()
    ]
    # One call for each: a function has a configuration, and so an import map, of its own.
    for entrypoint in entrypoints:
        _run(backend, ["deno", "check", "--quiet", entrypoint], what=entrypoint)
    _run(backend, ["deno", "test", "--allow-all", "--quiet", "--reporter=dot"], what="the backend's tests")


def _run(backend: BackendSource, command: list[str], *, what: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _WITHHELD}
    try:
        result = subprocess.run(
            command,
            cwd=backend.directory,
            env={**environment, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ReleaseError("deno is not on PATH. Remedy: python3 -m toolchain ensure.") from error
    if result.returncode != 0:
        raise ReleaseError(
            f"{' '.join(command)}: {what} failed, so nothing was released:\n"
            f"{_failures(result.stdout + result.stderr)}\nRemedy: correct it, then `pulumi up`."
        )


def _failures(output: str) -> str:
    # What passed is a line for each test; what failed follows Deno's heading.
    heading = output.find("ERRORS")
    return output[max(heading, 0) :].strip()[-4000:]
