"""Every REST operation that the local GitHub answers, and the search for the one that a request means."""

from urllib.parse import unquote

from localcloud.github import (
    accounts,
    actions,
    checks,
    commits,
    contents,
    environments,
    forks,
    issues,
    labels,
    merging,
    protections,
    pull_requests,
    refs,
    repositories,
    reviews,
    rulesets,
    sealed_secrets,
    variables,
)
from localcloud.github.errors import NotEmulatedError
from localcloud.github.operations import Handler, Operation, operations_of

OPERATIONS: tuple[Operation, ...] = operations_of(
    accounts,
    actions,
    checks,
    commits,
    contents,
    environments,
    forks,
    issues,
    labels,
    merging,
    protections,
    pull_requests,
    refs,
    repositories,
    reviews,
    rulesets,
    sealed_secrets,
    variables,
)


def find(method: str, path: str) -> tuple[Handler, dict[str, str]]:
    """Find the function for a request and the decoded parameters; the template with most fixed text wins.

    Args:
        method: the HTTP method.
        path: below /api/v3, still percent-encoded: a slash inside a name is told from one between names.

    Raises:
        NotEmulatedError: no operation is registered for it.
    """
    for candidate in OPERATIONS:
        if candidate.method == method and (match := candidate.pattern.fullmatch(path)):
            return candidate.handler, {name: unquote(value) for name, value in match.groupdict().items()}
    raise NotEmulatedError(f"{method} /api/v3{path}")
