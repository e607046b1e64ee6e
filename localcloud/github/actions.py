"""What GitHub Actions may do in a repository."""

from typing import Any

from localcloud.github.errors import ConflictError, InvalidFieldsError
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation

_PERMISSIONS = REPOSITORY + "/actions/permissions"
_ALLOWED = {"all", "local_only", "selected"}


@operation("GET", _PERMISSIONS)
def get_permissions(call: Call) -> Answer:
    """Show whether Actions run, and which."""
    actions = call.repository["actions"]
    shown: dict[str, Any] = {
        "enabled": actions.get("enabled", True),
        "sha_pinning_required": actions.get("pinned", False),
    }
    if shown["enabled"]:
        shown["allowed_actions"] = _allowed(call)
    if shown.get("allowed_actions") == "selected":
        shown["selected_actions_url"] = call.url("actions", "permissions", "selected-actions")
    return Answer(body=shown)


@operation("PUT", _PERMISSIONS)
def put_permissions(call: Call) -> Answer:
    """Set whether Actions run, and which."""
    allowed = call.optional("allowed_actions", str, _allowed(call))
    if allowed not in _ALLOWED:
        raise InvalidFieldsError({"resource": "Repository", "field": "allowed_actions", "code": "invalid"})
    call.repository["actions"] |= {
        "enabled": call.required("enabled", bool),
        "allowed": allowed,
        "pinned": call.optional("sha_pinning_required", bool, call.repository["actions"].get("pinned", False)),
    }
    return NO_CONTENT


@operation("GET", _PERMISSIONS + "/selected-actions")
def get_selected(call: Call) -> Answer:
    """Show which actions are selected."""
    _require_selected(call)
    chosen = call.repository["actions"].get("selected", {})
    empty = {"github_owned_allowed": False, "verified_allowed": False, "patterns_allowed": []}
    return Answer(body=empty | chosen)


@operation("PUT", _PERMISSIONS + "/selected-actions")
def put_selected(call: Call) -> Answer:
    """Select actions."""
    _require_selected(call)
    patterns = call.optional("patterns_allowed", list, [])
    if not all(isinstance(pattern, str) and "/" in pattern for pattern in patterns):
        raise InvalidFieldsError({"resource": "Repository", "field": "patterns_allowed", "code": "invalid"})
    call.repository["actions"]["selected"] = {
        "github_owned_allowed": call.optional("github_owned_allowed", bool, default=False),
        "verified_allowed": call.optional("verified_allowed", bool, default=False),
        "patterns_allowed": patterns,
    }
    return NO_CONTENT


@operation("GET", _PERMISSIONS + "/workflow")
def get_workflow(call: Call) -> Answer:
    """Show the default rights of a workflow's token."""
    default = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}
    return Answer(body=default | call.repository["actions"].get("workflow", {}))


@operation("PUT", _PERMISSIONS + "/workflow")
def put_workflow(call: Call) -> Answer:
    """Set the default rights of a workflow's token."""
    permissions = call.optional("default_workflow_permissions", str, "read")
    if permissions not in {"read", "write"}:
        raise InvalidFieldsError({"resource": "Repository", "field": "default_workflow_permissions", "code": "invalid"})
    call.repository["actions"]["workflow"] = {
        "default_workflow_permissions": permissions,
        "can_approve_pull_request_reviews": call.optional("can_approve_pull_request_reviews", bool, default=False),
    }
    return NO_CONTENT


def _allowed(call: Call) -> str:
    allowed: str = call.repository["actions"].get("allowed", "all")
    return allowed


def _require_selected(call: Call) -> None:
    if _allowed(call) != "selected":
        raise ConflictError("Conflict")
