"""The backend's own tests, run by Deno."""

from release.backend_source import BackendSource
from release.deno import run_deno, shorten_output
from release.error import ReleaseError
from release.tools import find_tool, identify
from release.verdicts import verdict_on


def run_backend_tests(backend: BackendSource) -> None:
    """Run the backend's tests, unless just this backend passed them before.

    Raises:
        ReleaseError: a test failed; nothing was touched.
    """
    verdict = verdict_on("tests", identify(find_tool("deno")), backend.tree_digest)
    if verdict.passed:
        return
    result = run_deno(backend.directory, ["test", "--allow-all", "--quiet", "--reporter=dot"])
    if result.returncode != 0:
        raise ReleaseError(
            "deno test: the backend's tests failed, so nothing was released:\n"
            f"{shorten_output(result.stdout + result.stderr)}\nRemedy: correct it, then `pulumi up`."
        )
    verdict.note_pass()
