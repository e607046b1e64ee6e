"""How a project's API keys look in the Management API."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from localcloud.management.state import Project

_MASK = "·" * 24
_TELLING = 5  # characters of a key that may be shown


def api_keys(project: Project, *, reveal: bool) -> list[dict[str, Any]]:
    """List the keys; the secret key is masked unless `reveal`, the others never are, as on the platform."""
    keys = project.keys
    listed = [_legacy("anon", keys.anon), _legacy("service_role", keys.service_role)]
    if keys.publishable:
        listed.append(_new(project, "publishable", keys.publishable))
    if keys.secret:
        secret = _new(project, "secret", keys.secret)
        secret["secret_jwt_template"] = {"role": "service_role"}
        if not reveal:
            secret["api_key"] = secret["prefix"] + _MASK
        listed.append(secret)
    return listed


def _legacy(name: str, key: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "type": "legacy",
        "api_key": key,
        "description": f"Legacy {name} API key",
        "hash": _digest(key),
        "prefix": key[-_TELLING:],
    }


def _new(project: Project, kind: str, key: str) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{project.ref}/{kind}")),
        "name": "default",
        "type": kind,
        "api_key": key,
        "description": None,
        "secret_jwt_template": None,
        "hash": _digest(key),
        "prefix": key[: len(f"sb_{kind}_") + _TELLING],
        "inserted_at": project.created_at,
        "updated_at": project.created_at,
    }


def _digest(key: str) -> str:
    return urlsafe_b64encode(sha256(key.encode()).digest()).decode().rstrip("=")
