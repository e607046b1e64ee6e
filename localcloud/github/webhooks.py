"""Repository webhooks: kept and shown, never delivered. A hook's secret is kept as a digest."""

import hashlib
from urllib.parse import urlsplit

from localcloud.github.errors import InvalidFieldsError, UnprocessableError
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.store import Json, found

_HOOKS = REPOSITORY + "/hooks"
_HOOK = _HOOKS + "/{hook_id}"
_CONTENT_TYPES = {"json", "form"}
_HIDDEN = "********"


@operation("GET", _HOOKS)
def list_hooks(call: Call) -> Answer:
    """List the webhooks."""
    return call.page([_hook_json(call, hook) for hook in call.repository["hooks"].values()])


@operation("POST", _HOOKS)
def create_hook(call: Call) -> Answer:
    """Create a webhook.

    Raises:
        UnprocessableError: it is of another kind than `web`.
        InvalidFieldsError: the address or the content type is none, or such a hook exists.
    """
    if call.optional("name", str, "web") != "web":
        raise UnprocessableError("Invalid request.\n\nname must be web.")
    blank = {"events": ["push"], "active": True, "config": {}, "secret_sha256": None, "created_at": call.store.now()}
    hook = _changed(call, {"id": call.store.next_id(), **blank})
    others = call.repository["hooks"].values()
    if any(item["config"] == hook["config"] and {*item["events"]} & {*hook["events"]} for item in others):
        message = "Hook already exists on this repository"
        raise InvalidFieldsError({"resource": "Hook", "code": "custom", "message": message})
    call.repository["hooks"][str(hook["id"])] = hook
    return Answer(body=_hook_json(call, hook), status=201)


@operation("GET", _HOOK)
def get_hook(call: Call) -> Answer:
    """Show a webhook."""
    return Answer(body=_hook_json(call, _hook(call)))


@operation("PATCH", _HOOK)
def update_hook(call: Call) -> Answer:
    """Change events, activity or the whole configuration of a webhook."""
    hook = _changed(call, _hook(call))
    call.repository["hooks"][str(hook["id"])] = hook
    return Answer(body=_hook_json(call, hook))


@operation("DELETE", _HOOK)
def delete_hook(call: Call) -> Answer:
    """Delete a webhook."""
    del call.repository["hooks"][str(_hook(call)["id"])]
    return NO_CONTENT


def _hook(call: Call) -> Json:
    return found(call.repository["hooks"], call.parameters["hook_id"])


def _changed(call: Call, hook: Json) -> Json:
    events = call.optional("events", list, hook["events"])
    changed = hook | {"active": call.optional("active", bool, hook["active"]), "events": events}
    changed["updated_at"] = call.store.now()
    given = call.optional("config", dict, {})
    if given or not hook["config"]:
        secret = given.get("secret")
        changed["secret_sha256"] = hashlib.sha256(secret.encode()).hexdigest() if secret else None
        changed["config"] = _configuration(given)
    return changed


def _configuration(given: Json) -> Json:
    address = urlsplit(str(given.get("url", "")))
    content_type = given.get("content_type", "form")
    if address.scheme not in {"http", "https"} or not address.netloc:
        raise InvalidFieldsError({"resource": "Hook", "code": "custom", "field": "url", "message": "url is not valid"})
    if content_type not in _CONTENT_TYPES:
        raise InvalidFieldsError({"resource": "Hook", "code": "invalid", "field": "content_type"})
    return {"url": given["url"], "content_type": content_type, "insecure_ssl": str(given.get("insecure_ssl", "0"))}


def _hook_json(call: Call, hook: Json) -> Json:
    url = call.url("hooks", str(hook["id"]))
    shown = {name: hook[name] for name in ("id", "active", "events", "created_at", "updated_at")}
    return {
        **shown,
        "type": "Repository",
        "name": "web",
        "config": hook["config"] | ({"secret": _HIDDEN} if hook["secret_sha256"] else {}),
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }
