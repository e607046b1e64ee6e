"""Cuts the published OpenAPI document to what the local cloud and its tests need.

Run it as `python -m localcloud.management.cut_contract OPENAPI.json`. The document is supabase/cli's
packages/api/src/generated/openapi.json (MIT licence).
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

SOURCE = (
    "supabase/cli, packages/api/src/generated/openapi.json at 1d1e7191 (MIT licence), "
    "cut by `python -m localcloud.management.cut_contract`"
)
_ROOT = Path(__file__).resolve().parents[2]
CONTRACT = _ROOT / "tests" / "contracts" / "supabase-management-api.json"
# The paths whose answers the tests hold against the document.
_KEPT = re.compile(
    r"/v1/organizations(/\{slug}(/members|/projects|/entitlements)?)?"
    r"|/v1/projects(/available-regions)?"
    r"|/v1/projects/\{ref}(/health|/pause|/restore|/api-keys|/api-keys/legacy|/postgrest|/config/auth|/secrets"
    r"|/billing/addons|/billing/addons/\{addon_variant}"
    r"|/api-keys/\{id}|/config/auth/signing-keys|/advisors/(security|performance)|/analytics/endpoints/logs\.all"
    r"|/custom-hostname(/initialize|/reverify|/activate)?|/database/backups(/restore-pitr|/restore-point|/restore|/undo)?"
    r"|/cli/login-role|/network-bans/retrieve|/readonly(/temporary-disable)?|/branches|/restore/cancel"
    r"|/network-restrictions|/network-restrictions/apply|/ssl-enforcement"
    r"|/config/database/pooler|/database/query|/database/query/read-only|/database/password|/functions.*)?"
)
_METHODS = {"get", "post", "put", "patch", "delete"}


def operations(document: dict[str, Any]) -> list[list[Any]]:
    """List all published operations: method, path, operation id, and sets of permissions of which one is needed."""
    return [
        [method.upper(), path, operation["operationId"], _permissions(operation)]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    ]


def _permissions(operation: dict[str, Any]) -> list[list[str]]:
    return [entry["fga_permissions"] for entry in operation.get("security", []) if "fga_permissions" in entry]


def neutral_auth_settings(document: dict[str, Any]) -> dict[str, Any]:
    """Give every auth setting the value that says nothing: null, or where that is not allowed false or 0."""
    properties = document["components"]["schemas"]["AuthConfigResponse"]["properties"]
    empty = {"boolean": False, "integer": 0}
    return {name: None if facts.get("nullable") else empty[facts["type"]] for name, facts in properties.items()}


def cut(document: dict[str, Any]) -> dict[str, Any]:
    """Keep the paths in use and the schemas that they reach."""
    paths = {path: item for path, item in document["paths"].items() if _KEPT.fullmatch(path)}
    schemas: dict[str, Any] = {}
    open_names = _references(paths)
    while open_names:
        name = open_names.pop()
        schemas[name] = {**document["components"]["schemas"][name]}
        schemas[name].pop("hideDefinitions", None)  # no OpenAPI keyword, and validators refuse the whole for it
        open_names |= _references(schemas[name]) - schemas.keys()
    components = {**document["components"], "schemas": dict(sorted(schemas.items()))}
    return {**document, "x-source": SOURCE, "tags": [], "paths": paths, "components": components}


def _correct_defaults(part: Any) -> Any:
    """Write a boolean's default as one: the document writes `"false"`, which validators refuse."""
    if isinstance(part, list):
        return [_correct_defaults(item) for item in part]
    if not isinstance(part, dict):
        return part
    told = {name: _correct_defaults(item) for name, item in part.items()}
    if told.get("type") == "boolean" and isinstance(told.get("default"), str):
        told["default"] = told["default"] == "true"
    return told


def _references(part: Any) -> set[str]:
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(part)))


def main() -> None:
    """Write both files."""
    document = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    known = {"source": SOURCE, "operations": operations(document), "auth_settings": neutral_auth_settings(document)}
    _write(Path(__file__).with_name("contract.json"), known, indent=None)
    _write(CONTRACT, _correct_defaults(cut(document)), indent=1)


def _write(path: Path, value: Any, indent: int | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
