"""Issue labels; their names have no case and may hold slashes, which the plugin does not encode."""

import re

from localcloud.github.errors import InvalidFieldsError
from localcloud.github.node_ids import node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.store import Json, found

_LABELS = REPOSITORY + "/labels"
_LABEL = _LABELS + "/{name+}"
_MAX_NAME = 50
_MAX_DESCRIPTION = 100


@operation("GET", _LABELS)
def list_labels(call: Call) -> Answer:
    """List the labels."""
    return call.page([label_json(call, label) for label in call.repository["labels"].values()])


@operation("POST", _LABELS)
def create_label(call: Call) -> Answer:
    """Create a label.

    Raises:
        InvalidFieldsError: the name is taken or too long, the description is too long, or the colour is not six
            hexadecimal digits.
    """
    name, color = _checked(call.required("name", str)), _color(call, "ededed")
    _require_free(call, name)
    label = add_label(call, name)
    label |= {"color": color, "description": _description(call, "")}
    return Answer(body=label_json(call, label), status=201)


@operation("GET", _LABEL)
def get_label(call: Call) -> Answer:
    """Show a label."""
    return Answer(body=label_json(call, _label(call)))


@operation("PATCH", _LABEL)
def update_label(call: Call) -> Answer:
    """Change name (`new_name`, or `name` as the plugin sends it), colour or description."""
    labels, label = call.repository["labels"], _label(call)
    name = _checked(call.optional("new_name", str, call.optional("name", str, label["name"])))
    if name.lower() != label["name"].lower():
        _require_free(call, name)
    description = _description(call, label["description"] or "")
    changed = {"name": name, "color": _color(call, label["color"]), "description": description}
    del labels[label["name"].lower()]
    labels[name.lower()] = label | changed
    return Answer(body=label_json(call, labels[name.lower()]))


@operation("DELETE", _LABEL)
def delete_label(call: Call) -> Answer:
    """Delete a label."""
    del call.repository["labels"][_label(call)["name"].lower()]
    return NO_CONTENT


def add_label(call: Call, name: str) -> Json:
    """Give the repository a label of a name that it lacks."""
    label = {"id": call.store.next_id(), "name": name, "color": "ededed", "description": None, "default": False}
    call.repository["labels"][name.lower()] = label
    return label


def _label(call: Call) -> Json:
    return found(call.repository["labels"], call.parameters["name"])


def _require_free(call: Call, name: str) -> None:
    if name.lower() in call.repository["labels"]:
        raise InvalidFieldsError({"resource": "Label", "code": "already_exists", "field": "name"})


def _checked(name: str) -> str:
    if not 0 < len(name.strip()) <= _MAX_NAME:
        raise InvalidFieldsError({"resource": "Label", "code": "invalid", "field": "name"})
    return name


def _description(call: Call, default: str) -> str | None:
    text = call.optional("description", str, default)
    if len(text) > _MAX_DESCRIPTION:
        message = f"description is too long (maximum is {_MAX_DESCRIPTION} characters)"
        raise InvalidFieldsError({"resource": "Label", "code": "custom", "field": "description", "message": message})
    return text or None


def _color(call: Call, default: str) -> str:
    color = call.optional("color", str, default)
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", color):
        raise InvalidFieldsError({"resource": "Label", "code": "invalid", "field": "color"})
    return color


def label_json(call: Call, label: Json) -> Json:
    """Show a label."""
    return label | {"node_id": node_id("Label", label["id"]), "url": call.url("labels", label["name"])}
