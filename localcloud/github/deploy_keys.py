"""Deploy keys: SSH keys that reach one repository without being anybody's."""

import binascii
from base64 import b64decode

from localcloud.github.errors import InvalidFieldsError
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.store import Json, found

_KEYS = REPOSITORY + "/keys"
_KEY = _KEYS + "/{key_id}"
_KINDS = ("ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")


@operation("GET", _KEYS)
def list_deploy_keys(call: Call) -> Answer:
    """List the deploy keys."""
    return call.page([_key_json(call, key) for key in call.repository["deploy_keys"].values()])


@operation("POST", _KEYS)
def create_deploy_key(call: Call) -> Answer:
    """Add a key; a comment at its end is not kept.

    Raises:
        InvalidFieldsError: it is no SSH key, or some repository has it already.
    """
    key = _canonical(call.required("key", str))
    if any(item["key"] == key for item in _all_keys(call)):
        raise InvalidFieldsError(
            {"resource": "PublicKey", "code": "custom", "field": "key", "message": "key is already in use"}
        )
    made = {
        "id": call.store.next_id(),
        "key": key,
        "title": call.optional("title", str, ""),
        "read_only": call.optional("read_only", bool, default=False),
        "created_at": call.store.now(),
        "added_by": call.viewer,
    }
    call.repository["deploy_keys"][str(made["id"])] = made
    return Answer(body=_key_json(call, made), status=201)


@operation("GET", _KEY)
def get_deploy_key(call: Call) -> Answer:
    """Show a deploy key."""
    return Answer(body=_key_json(call, _key(call)))


@operation("DELETE", _KEY)
def delete_deploy_key(call: Call) -> Answer:
    """Remove a deploy key."""
    del call.repository["deploy_keys"][str(_key(call)["id"])]
    return NO_CONTENT


def _key(call: Call) -> Json:
    return found(call.repository["deploy_keys"], call.parameters["key_id"])


def _all_keys(call: Call) -> list[Json]:
    repositories = call.store.state["repositories"].values()
    return [key for repository in repositories for key in repository["deploy_keys"].values()]


def _canonical(key: str) -> str:
    kind, _, rest = key.strip().partition(" ")
    body = rest.split(" ")[0]
    try:
        inside = b64decode(body, validate=True)
    except binascii.Error:
        inside = b""
    # An SSH key begins with the length and the name of its kind (RFC 4253, 6.6).
    if kind not in _KINDS or not inside.startswith(len(kind).to_bytes(4, "big") + kind.encode()):
        message = "key is invalid. You must supply a key in OpenSSH public key format"
        raise InvalidFieldsError({"resource": "PublicKey", "code": "custom", "field": "key", "message": message})
    return f"{kind} {body}"


def _key_json(call: Call, key: Json) -> Json:
    shown = {"url": call.url("keys", str(key["id"])), "verified": True, "last_used": None, "enabled": True}
    return key | shown
