"""Which permission each REST operation needs, and which role its caller.

The table is GitHub's own (docs.github.com, "Permissions required for fine-grained personal access tokens", version
2022-11-28), turned round: what the header X-Accepted-GitHub-Permissions says, and the operations that say it. It also
has operations that are not emulated, so that one that is added is already in it.
"""

import re
from collections.abc import Mapping
from functools import cache

from localcloud.github.errors import NotEmulatedError

# From the least to the most.
LEVELS = ("read", "write")
# What everybody may do who has a token at all.
PERMISSIONLESS = "allows_permissionless_access=true"

_R = "/repos/{owner}/{repo}"
_E = _R + "/environments/{environment_name}"
_P = _R + "/branches/{branch}/protection"
_T = "/orgs/{org}/teams/{team_slug}"
_PULL = _R + "/pulls/{pull_number}"
_ISSUE = _R + "/issues/{issue_number}"

_ACCEPTED: dict[str, tuple[str, ...]] = {
    PERMISSIONLESS: (
        "GET /meta",
        "GET /rate_limit",
        "GET /user",
        "GET /users/{username}",
        "GET /users/{username}/gpg_keys",
        "GET /users/{username}/keys",
        "GET /orgs/{org}",
        "PATCH /user/repository_invitations/{invitation_id}",
    ),
    "members=read": (
        "GET /orgs/{org}/members",
        "GET /orgs/{org}/memberships/{username}",
        "GET /orgs/{org}/outside_collaborators",
        "GET /orgs/{org}/teams",
        f"GET {_T}",
        f"GET {_T}/members",
        "GET /organizations/{org_id}/team/{team_id}/members",
    ),
    "members=write": ("PUT /orgs/{org}/memberships/{username}",),
    "members=read,administration=write": (
        f"PUT {_T}/repos/{{owner}}/{{repo}}",
        f"DELETE {_T}/repos/{{owner}}/{{repo}}",
    ),
    "organization_administration=read": ("GET /orgs/{org}/audit-log",),
    "organization_administration=write": ("GET /orgs/{org}/rulesets",),
    "metadata=read": (
        f"GET {_R}",
        f"GET {_R}/collaborators",
        f"GET {_R}/collaborators/{{username}}",
        f"GET {_R}/collaborators/{{username}}/permission",
        f"GET {_R}/forks",
        f"GET {_R}/rules/branches/{{branch}}",
        f"GET {_R}/rulesets",
        f"GET {_R}/rulesets/{{ruleset_id}}",
        f"GET {_R}/topics",
    ),
    "administration=read": (
        f"GET {_R}/actions/permissions",
        f"GET {_R}/actions/permissions/selected-actions",
        f"GET {_R}/actions/permissions/workflow",
        f"GET {_P}",
        f"GET {_P}/enforce_admins",
        f"GET {_P}/required_pull_request_reviews",
        f"GET {_P}/required_signatures",
        f"GET {_P}/required_status_checks",
        f"GET {_P}/required_status_checks/contexts",
        f"GET {_P}/restrictions",
        f"GET {_P}/restrictions/apps",
        f"GET {_P}/restrictions/teams",
        f"GET {_P}/restrictions/users",
        f"GET {_R}/invitations",
        f"GET {_R}/keys",
        f"GET {_R}/keys/{{key_id}}",
        f"GET {_R}/teams",
        f"GET {_R}/vulnerability-alerts",
    ),
    "administration=write": (
        f"PATCH {_R}",
        f"DELETE {_R}",
        f"PUT {_R}/actions/permissions",
        f"PUT {_R}/actions/permissions/selected-actions",
        f"PUT {_R}/actions/permissions/workflow",
        f"PUT {_P}",
        f"DELETE {_P}",
        f"PUT {_R}/collaborators/{{username}}",
        f"DELETE {_R}/collaborators/{{username}}",
        f"PUT {_E}",
        f"DELETE {_E}",
        f"POST {_E}/deployment-branch-policies",
        f"PUT {_E}/deployment-branch-policies/{{branch_policy_id}}",
        f"DELETE {_E}/deployment-branch-policies/{{branch_policy_id}}",
        f"DELETE {_R}/invitations/{{invitation_id}}",
        f"POST {_R}/keys",
        f"DELETE {_R}/keys/{{key_id}}",
        f"POST {_R}/rulesets",
        f"PUT {_R}/rulesets/{{ruleset_id}}",
        f"DELETE {_R}/rulesets/{{ruleset_id}}",
        f"PUT {_R}/topics",
        f"PUT {_R}/vulnerability-alerts",
        f"DELETE {_R}/vulnerability-alerts",
    ),
    "administration=write,contents=read": (f"POST {_R}/forks",),
    "actions=read": (
        f"GET {_R}/actions/runs",
        f"GET {_R}/actions/runs/{{run_id}}",
        f"GET {_R}/actions/runs/{{run_id}}/approvals",
        f"GET {_R}/actions/runs/{{run_id}}/jobs",
        f"GET {_R}/actions/runs/{{run_id}}/pending_deployments",
        f"GET {_R}/actions/workflows",
        f"GET {_R}/actions/workflows/{{workflow_id}}",
        f"GET {_R}/actions/workflows/{{workflow_id}}/runs",
        f"GET {_R}/environments",
        f"GET {_E}",
        f"GET {_E}/deployment-branch-policies",
        f"GET {_E}/deployment-branch-policies/{{branch_policy_id}}",
        f"GET {_E}/deployment_protection_rules",
    ),
    "actions=write": (f"POST {_R}/actions/workflows/{{workflow_id}}/dispatches",),
    "environments=read": (
        f"GET {_E}/secrets",
        f"GET {_E}/secrets/public-key",
        f"GET {_E}/secrets/{{secret_name}}",
        f"GET {_E}/variables",
        f"GET {_E}/variables/{{name}}",
    ),
    "environments=write": (
        f"PUT {_E}/secrets/{{secret_name}}",
        f"DELETE {_E}/secrets/{{secret_name}}",
        f"POST {_E}/variables",
        f"PATCH {_E}/variables/{{name}}",
        f"DELETE {_E}/variables/{{name}}",
    ),
    "secrets=read": (
        f"GET {_R}/actions/secrets",
        f"GET {_R}/actions/secrets/public-key",
        f"GET {_R}/actions/secrets/{{secret_name}}",
    ),
    "secrets=write": (
        f"PUT {_R}/actions/secrets/{{secret_name}}",
        f"DELETE {_R}/actions/secrets/{{secret_name}}",
    ),
    "actions_variables=read": (
        f"GET {_R}/actions/variables",
        f"GET {_R}/actions/variables/{{name}}",
    ),
    "actions_variables=write": (
        f"POST {_R}/actions/variables",
        f"PATCH {_R}/actions/variables/{{name}}",
        f"DELETE {_R}/actions/variables/{{name}}",
    ),
    "contents=read": (
        f"GET {_R}/activity",
        f"GET {_R}/branches",
        f"GET {_R}/branches/{{branch}}",
        f"GET {_R}/codeowners/errors",
        f"GET {_R}/commits",
        f"GET {_R}/commits/{{ref}}",
        f"GET {_R}/compare/{{basehead}}",
        f"GET {_R}/contents",
        f"GET {_R}/contents/{{path}}",
        f"GET {_R}/git/blobs/{{file_sha}}",
        f"GET {_R}/git/commits/{{commit_sha}}",
        f"GET {_R}/git/matching-refs/{{ref}}",
        f"GET {_R}/git/ref/{{ref}}",
        f"GET {_R}/git/tags/{{tag_sha}}",
        f"GET {_R}/git/trees/{{tree_sha}}",
        f"GET {_R}/readme",
        f"GET {_R}/releases",
        f"GET {_R}/tags",
        f"GET {_R}/tarball/{{ref}}",
    ),
    "contents=write": (
        f"POST {_R}/branches/{{branch}}/rename",
        f"PUT {_R}/contents/{{path}}",
        f"DELETE {_R}/contents/{{path}}",
        f"POST {_R}/dispatches",
        f"POST {_R}/git/blobs",
        f"POST {_R}/git/commits",
        f"POST {_R}/git/refs",
        f"PATCH {_R}/git/refs/{{ref}}",
        f"DELETE {_R}/git/refs/{{ref}}",
        f"POST {_R}/git/tags",
        f"POST {_R}/git/trees",
        f"POST {_R}/merge-upstream",
        f"POST {_R}/merges",
        f"PUT {_PULL}/merge",
        f"POST {_R}/releases",
    ),
    "checks=read": (
        f"GET {_R}/check-runs/{{check_run_id}}",
        f"GET {_R}/check-suites/{{check_suite_id}}",
        f"GET {_R}/check-suites/{{check_suite_id}}/check-runs",
        f"GET {_R}/commits/{{ref}}/check-runs",
        f"GET {_R}/commits/{{ref}}/check-suites",
    ),
    "checks=write": (
        f"POST {_R}/check-runs",
        f"PATCH {_R}/check-runs/{{check_run_id}}",
    ),
    "statuses=read": (
        f"GET {_R}/commits/{{ref}}/status",
        f"GET {_R}/commits/{{ref}}/statuses",
    ),
    "statuses=write": (f"POST {_R}/statuses/{{sha}}",),
    "deployments=read": (
        f"GET {_R}/deployments",
        f"GET {_R}/deployments/{{deployment_id}}",
        f"GET {_R}/deployments/{{deployment_id}}/statuses",
    ),
    "deployments=write": (
        f"POST {_R}/actions/runs/{{run_id}}/pending_deployments",
        f"POST {_R}/deployments",
        f"POST {_R}/deployments/{{deployment_id}}/statuses",
    ),
    "issues=read": (
        f"GET {_R}/issues",
        f"GET {_ISSUE}",
    ),
    "issues=write": (f"POST {_R}/issues",),
    "issues=read; pull_requests=read": (
        f"GET {_R}/assignees",
        f"GET {_R}/issues/comments",
        f"GET {_R}/issues/comments/{{comment_id}}",
        f"GET {_ISSUE}/comments",
        f"GET {_ISSUE}/events",
        f"GET {_ISSUE}/labels",
        f"GET {_ISSUE}/timeline",
        f"GET {_R}/labels",
        f"GET {_R}/labels/{{name}}",
    ),
    "issues=write; pull_requests=write": (
        f"PATCH {_ISSUE}",
        f"POST {_ISSUE}/assignees",
        f"DELETE {_ISSUE}/assignees",
        f"POST {_ISSUE}/comments",
        f"PATCH {_R}/issues/comments/{{comment_id}}",
        f"DELETE {_R}/issues/comments/{{comment_id}}",
        f"POST {_ISSUE}/labels",
        f"PUT {_ISSUE}/labels",
        f"DELETE {_ISSUE}/labels",
        f"DELETE {_ISSUE}/labels/{{name}}",
        f"POST {_R}/labels",
        f"PATCH {_R}/labels/{{name}}",
        f"DELETE {_R}/labels/{{name}}",
    ),
    "pull_requests=read": (
        f"GET {_R}/commits/{{commit_sha}}/pulls",
        f"GET {_R}/pulls",
        f"GET {_R}/pulls/comments",
        f"GET {_R}/pulls/comments/{{comment_id}}",
        f"GET {_PULL}",
        f"GET {_PULL}/comments",
        f"GET {_PULL}/commits",
        f"GET {_PULL}/files",
        f"GET {_PULL}/merge",
        f"GET {_PULL}/requested_reviewers",
        f"GET {_PULL}/reviews",
        f"GET {_PULL}/reviews/{{review_id}}",
        f"GET {_PULL}/reviews/{{review_id}}/comments",
    ),
    "pull_requests=write": (
        f"POST {_R}/pulls",
        f"PATCH {_PULL}",
        f"PATCH {_R}/pulls/comments/{{comment_id}}",
        f"DELETE {_R}/pulls/comments/{{comment_id}}",
        f"POST {_PULL}/comments",
        f"POST {_PULL}/comments/{{comment_id}}/replies",
        f"POST {_PULL}/requested_reviewers",
        f"DELETE {_PULL}/requested_reviewers",
        f"POST {_PULL}/reviews",
        f"PUT {_PULL}/reviews/{{review_id}}",
        f"DELETE {_PULL}/reviews/{{review_id}}",
        f"PUT {_PULL}/reviews/{{review_id}}/dismissals",
        f"POST {_PULL}/reviews/{{review_id}}/events",
        f"PUT {_PULL}/update-branch",
    ),
    "repository_hooks=read": (
        f"GET {_R}/hooks",
        f"GET {_R}/hooks/{{hook_id}}",
    ),
    "repository_hooks=write": (
        f"POST {_R}/hooks",
        f"PATCH {_R}/hooks/{{hook_id}}",
        f"DELETE {_R}/hooks/{{hook_id}}",
    ),
}
# What a token may hold: the repository's and the organisation's permissions of the table, and two that show more of
# what is answered anyway (organization_plan) or let a push change workflows.
NAMES = frozenset(
    pair.partition("=")[0].strip()
    for accepted in _ACCEPTED
    if accepted != PERMISSIONLESS
    for pair in re.split(r"[,;]", accepted)
) | {"organization_plan", "workflows"}
# The only ones that the `permissions` of a workflow can give its token (docs.github.com, "Workflow syntax").
WORKFLOW_NAMES = frozenset(
    {"actions", "checks", "contents", "deployments", "issues", "metadata", "pull_requests", "statuses"}
)
# What may be read of a public repository without a permission for it.
PUBLIC = frozenset({"actions", "checks", "contents", "deployments", "issues", "metadata", "pull_requests", "statuses"})


def accepted_permissions(method: str, template: str) -> str:
    """Give the header's text: sets of permissions, one of which is needed; a set is separated by commas.

    Args:
        method: the HTTP method.
        template: the operation's path template.

    Raises:
        NotEmulatedError: the table does not have it; a test holds the table against the catalogue.
    """
    found = _table().get(f"{method} {_anonymous(template)}")
    if found is None:
        raise NotEmulatedError(f"The permission for {method} {template}")
    return found


def alternatives(accepted: str) -> list[Mapping[str, str]]:
    """Read the header's text: each set as the level by permission, the empty one where none is needed."""
    if accepted == PERMISSIONLESS:
        return [{}]
    pairs = [[pair.strip().partition("=") for pair in one.split(",")] for one in accepted.split(";")]
    return [{name: level for name, _, level in one} for one in pairs]


@cache
def _table() -> Mapping[str, str]:
    return {_anonymous(entry): accepted for accepted, entries in _ACCEPTED.items() for entry in entries}


def _anonymous(template: str) -> str:
    """Make templates comparable: parameters have no name, and a repository's number is as good as its names."""
    by_name = template.replace("/repositories/{repository_id}", _R)
    return re.sub(r"\{\w+\+?\}", "{}", by_name)
