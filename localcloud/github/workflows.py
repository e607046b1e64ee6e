"""Actions workflows: the files of the default branch that describe them; nothing runs here."""

from pathlib import PurePosixPath

import yaml

from localcloud.github.errors import NotFoundError
from localcloud.github.node_ids import git_node_id
from localcloud.github.operations import REPOSITORY, Answer, Call, operation
from localcloud.github.store import Json

_WORKFLOWS = REPOSITORY + "/actions/workflows"
_FOLDER = ".github/workflows"


@operation("GET", _WORKFLOWS)
def list_workflows(call: Call) -> Answer:
    """List the workflows."""
    return call.page(_workflows(call), "workflows")


@operation("GET", _WORKFLOWS + "/{workflow_id}")
def get_workflow_file(call: Call) -> Answer:
    """Show the workflow of a number or of a file name."""
    wanted = call.parameters["workflow_id"]
    for workflow in _workflows(call):
        if wanted in {str(workflow["id"]), PurePosixPath(workflow["path"]).name}:
            return Answer(body=workflow)
    raise NotFoundError


def _workflows(call: Call) -> list[Json]:
    branch = f"refs/heads/{call.repository['default_branch']}"
    paths = [path for _, _, path in call.git.entries(branch, f"{_FOLDER}/") if path.endswith((".yml", ".yaml"))]
    return [_workflow_json(call, path, call.git.read(branch, path) or b"") for path in paths]


def _workflow_json(call: Call, path: str, content: bytes) -> Json:
    known = call.repository["workflows"].setdefault(path, {"id": call.store.next_id(), "created_at": call.store.now()})
    repository = f"{call.web}/{call.repository['owner']}/{call.repository['name']}"
    return {
        "id": known["id"],
        "node_id": git_node_id("W", call.repository["id"], path),
        "name": _name(content) or path,
        "path": path,
        "state": "active",
        "created_at": known["created_at"],
        "updated_at": known["created_at"],
        "url": call.url("actions", "workflows", str(known["id"])),
        "html_url": f"{repository}/blob/{call.repository['default_branch']}/{path}",
        "badge_url": f"{repository}/workflows/{path}/badge.svg",
    }


def _name(content: bytes) -> str | None:
    try:
        document = yaml.safe_load(content)
    except yaml.YAMLError:
        return None
    name = document.get("name") if isinstance(document, dict) else None
    return None if name is None else str(name)
