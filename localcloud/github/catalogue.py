"""Every REST operation that the local GitHub answers, and the search for the one that a request means."""

from urllib.parse import unquote

from localcloud.github import (
    accounts,
    actions,
    checks,
    code_owner_errors,
    collaborators,
    commits,
    contents,
    deploy_keys,
    environments,
    forks,
    issues,
    labels,
    merging,
    meta,
    protections,
    pull_requests,
    refs,
    repositories,
    reviews,
    rulesets,
    sealed_secrets,
    variables,
    webhooks,
    workflows,
)
from localcloud.github.errors import NotEmulatedError
from localcloud.github.operations import Operation, operations_of

OPERATIONS: tuple[Operation, ...] = operations_of(
    accounts,
    actions,
    checks,
    commits,
    contents,
    code_owner_errors,
    collaborators,
    deploy_keys,
    environments,
    forks,
    issues,
    labels,
    merging,
    meta,
    protections,
    pull_requests,
    refs,
    repositories,
    reviews,
    rulesets,
    sealed_secrets,
    variables,
    webhooks,
    workflows,
)


def find(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """Find the operation for a request and the decoded parameters; the template with most fixed text wins.

    Args:
        method: the HTTP method.
        path: below /api/v3, still percent-encoded: a slash inside a name is told from one between names.

    Raises:
        NotEmulatedError: no operation is registered for it.
    """
    for candidate in OPERATIONS:
        if candidate.method == method and (match := candidate.pattern.fullmatch(path)):
            return candidate, {name: unquote(value) for name, value in match.groupdict().items()}
    raise NotEmulatedError(f"{method} /api/v3{path}")
