"""Whether everything that can be proven of a backend was proven before, asked without what proves it."""

from release.backend_source import BackendSource
from release.tools import find_tool, identify
from release.verdicts import Verdict, verdict_on


def whole_verdict(backend: BackendSource) -> Verdict:
    """Give the place where it is noted that just this backend, tests included, passed every check.

    Raises:
        ReleaseError: Deno is not installed.
    """
    return verdict_on("backend", identify(find_tool("deno")), backend.tree_digest)
