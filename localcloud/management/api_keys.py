"""A project's API keys and signing keys in the Management API."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from starlette.requests import Request
from starlette.routing import Route

from localcloud.auth.keys import make_api_key
from localcloud.clock import Clock
from localcloud.management.access import token_of
from localcloud.management.errors import ApiKeyNotFoundError, InvalidRequestError, PrivilegesError
from localcloud.management.requests import ApiKeyChange, NewApiKey
from localcloud.management.routing import CREATED, PROJECT, Router, read_body
from localcloud.management.state import ManagementState, Project

# What a scoped token needs to see values, by supabase/supabase#50134, newer than the document.
REVEAL_PERMISSION = frozenset({"api_gateway_keys_secret_read"})
_MASK = "·" * 24
_TELLING = 5  # characters of a key that may be shown
_KEYS = PROJECT + "/api-keys"


class ApiKeysApi:
    """The operations on API keys; the gateways accept a key from its creation to its deletion."""

    def __init__(self, state: ManagementState, clock: Clock, router: Router) -> None:
        """Take the state, the time, and the maker of routes."""
        self._state = state
        self._clock = clock
        self._router = router

    def routes(self) -> list[Route]:
        """Give the routes."""
        route = self._router.route
        return [
            route("GET", _KEYS, self._list),
            route("POST", _KEYS, self._create, CREATED),
            route("GET", _KEYS + "/legacy", self._get_legacy),
            route("PUT", _KEYS + "/legacy", self._switch_legacy),
            route("GET", _KEYS + "/{id}", self._get),
            route("PATCH", _KEYS + "/{id}", self._change),
            route("DELETE", _KEYS + "/{id}", self._delete),
            route("GET", PROJECT + "/config/auth/signing-keys", self._list_signing_keys),
        ]

    async def _list(self, request: Request) -> Any:
        reveal = _may_reveal(request)
        return [_shown(key, reveal=reveal) for key in api_keys(self._of(request))]

    async def _create(self, request: Request) -> Any:
        project, reveal, body = self._of(request), _may_reveal(request), await read_body(request, NewApiKey)
        if any((key["type"], key["name"]) == (body.type, body.name) for key in api_keys(project)):
            raise InvalidRequestError(f"An API key of type {body.type} with the name {body.name} exists already")
        now = self._clock.now().isoformat()
        key = {
            "id": str(uuid4()),
            "type": body.type,
            "api_key": make_api_key(body.type),
            **_changeable(body, body.type),
            "inserted_at": now,
            "updated_at": now,
        }
        self._keep(project, added=(*project.keys.added, key))
        return _shown(_described(key), reveal=reveal)

    async def _get(self, request: Request) -> Any:
        return _shown(self._find(request), reveal=_may_reveal(request))

    async def _change(self, request: Request) -> Any:
        project, reveal, body = self._of(request), _may_reveal(request), await read_body(request, ApiKeyChange)
        key = self._find(request)
        if not any(entry["id"] == key["id"] for entry in project.keys.added):
            raise InvalidRequestError("The default API keys can not be changed, only deleted")
        changes = {**body.model_dump(exclude_unset=True), "updated_at": self._clock.now().isoformat()}
        self._keep(
            project,
            added=tuple({**e, **changes} if e["id"] == key["id"] else e for e in project.keys.added),
        )
        return _shown(self._find(request), reveal=reveal)

    async def _delete(self, request: Request) -> Any:
        project, key, reveal = self._of(request), self._find(request), _may_reveal(request)
        keys = project.keys
        self._keep(
            project,
            publishable=None if keys.publishable == key["api_key"] else keys.publishable,
            secret=None if keys.secret == key["api_key"] else keys.secret,
            added=tuple(entry for entry in keys.added if entry["id"] != key["id"]),
        )
        return _shown(key, reveal=reveal)

    async def _get_legacy(self, request: Request) -> Any:
        return {"enabled": self._of(request).keys.legacy_enabled}

    async def _switch_legacy(self, request: Request) -> Any:
        enabled = {"true": True, "false": False}.get(request.query_params.get("enabled", ""))
        if enabled is None:
            raise InvalidRequestError("enabled: true or false expected")
        self._keep(self._of(request), legacy_enabled=enabled)
        return {"enabled": enabled}

    async def _list_signing_keys(self, request: Request) -> Any:
        project = self._of(request)
        known = [("HS256", "in_use" if project.keys.signing_key is None else "previously_used", None)]
        known += [("ES256", "in_use", public) for public in project.keys.jwks()["keys"]]
        return {
            "keys": [
                {
                    "id": public["kid"] if public else str(uuid5(NAMESPACE_URL, f"{project.ref}/{algorithm}")),
                    "algorithm": algorithm,
                    "status": status,
                    "public_jwk": public,
                    "created_at": project.created_at,
                    "updated_at": project.created_at,
                }
                for algorithm, status, public in known
            ]
        }

    def _of(self, request: Request) -> Project:
        return self._state.project(request.path_params["ref"])

    def _find(self, request: Request) -> dict[str, Any]:
        """Find a publishable or secret key by the id in the path; the legacy pair can only be switched off."""
        wanted = request.path_params["id"]
        for key in api_keys(self._of(request)):
            if key["id"] == wanted and key["type"] != "legacy":
                return key
        raise ApiKeyNotFoundError

    def _keep(self, project: Project, **changes: Any) -> None:
        project.keys = replace(project.keys, **changes)
        self._state.save()


def api_keys(project: Project) -> list[dict[str, Any]]:
    """List the keys with their values."""
    keys = project.keys
    listed = [_legacy("anon", keys.anon), _legacy("service_role", keys.service_role)]
    defaults = (("publishable", keys.publishable), ("secret", keys.secret))
    listed += [_described(_default(project, kind, key)) for kind, key in defaults if key]
    return [*listed, *map(_described, keys.added)]


def _may_reveal(request: Request) -> bool:
    if request.query_params.get("reveal") != "true":
        return False
    if not token_of(request).may(REVEAL_PERMISSION):
        raise PrivilegesError
    return True


def _shown(key: dict[str, Any], *, reveal: bool) -> dict[str, Any]:
    """Mask a secret key unless `reveal`; the others never are, as on the platform."""
    masked = {"api_key": key["prefix"] + _MASK} if key["type"] == "secret" and not reveal else {}
    return {**key, **masked}


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


def _default(project: Project, kind: str, key: str) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{project.ref}/{kind}")),
        "name": "default",
        "type": kind,
        "api_key": key,
        "description": None,
        "secret_jwt_template": _template(kind),
        "inserted_at": project.created_at,
        "updated_at": project.created_at,
    }


def _changeable(body: ApiKeyChange, kind: str) -> dict[str, Any]:
    template = body.secret_jwt_template or _template(kind)
    return {"name": body.name, "description": body.description, "secret_jwt_template": template}


def _template(kind: str) -> dict[str, str] | None:
    return {"role": "service_role"} if kind == "secret" else None


def _described(key: Mapping[str, Any]) -> dict[str, Any]:
    value = key["api_key"]
    return {**key, "hash": _digest(value), "prefix": value[: len(f"sb_{key['type']}_") + _TELLING]}


def _digest(key: str) -> str:
    return urlsafe_b64encode(sha256(key.encode()).digest()).decode().rstrip("=")
