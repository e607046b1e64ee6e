"""What can be proven before anything is touched: functions bundle, tests pass, undos undo."""

from release.backend_source import BackendSource
from release.bundle_check import check_functions
from release.deno import run_deno, shorten_output
from release.error import ReleaseError
from release.migration_proof import prove_undos


def check_backend(backend: BackendSource) -> None:
    """Check every function with Deno, run the backend's tests, and prove each migration's undo.

    Raises:
        ReleaseError: Deno refused a function, a test failed, or an undo does not undo; nothing was touched.
    """
    check_functions(backend, backend.functions)
    result = run_deno(backend.directory, ["test", "--allow-all", "--quiet", "--reporter=dot"])
    if result.returncode != 0:
        raise ReleaseError(
            "deno test: the backend's tests failed, so nothing was released:\n"
            f"{shorten_output(result.stdout + result.stderr)}\nRemedy: correct it, then `pulumi up`."
        )
    prove_undos(backend)
