"""What can be proven before anything is touched: functions bundle, tests pass, undos undo."""

from concurrent.futures import ThreadPoolExecutor

from release.backend_source import BackendSource
from release.backend_tests import run_backend_tests
from release.bundle_check import check_functions
from release.migration_proof import prove_undos
from release.proven_backend import whole_verdict


def check_backend(backend: BackendSource) -> None:
    """Check every function with Deno, run the backend's tests, and prove each migration's undo.

    Raises:
        ReleaseError: Deno refused a function, a test failed, or an undo does not undo; nothing was touched.
    """
    # Tests wait more than they compute, and checking types is one core's work.
    with ThreadPoolExecutor(2) as pool:
        tests, undos = pool.submit(run_backend_tests, backend), pool.submit(prove_undos, backend)
        check_functions(backend, backend.functions)
        tests.result()
        undos.result()
    whole_verdict(backend).note_pass()
