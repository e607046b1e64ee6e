"""Cuts GitHub's OpenAPI document to the emulated operations: `python -m localcloud.github.cut_contract FILE`.

FILE is generated/api.github.com.json of the npm package @octokit/openapi (MIT). The tests hold every answer
against the cut, so it is made again whenever an operation is added.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from localcloud.github.catalogue import OPERATIONS

CONTRACT = Path(__file__).resolve().parents[2] / "tests" / "contracts" / "github-rest-openapi.json"

_SOURCE = (
    "npm @octokit/openapi 23.0.2, generated/api.github.com.json; MIT License, Copyright (c) GitHub and contributors; "
    "cut by `python -m localcloud.github.cut_contract`"
)
_PROSE = {"description", "summary", "example", "examples", "externalDocs", "x-github", "x-octokit", "tags"}


def cut(document: dict[str, Any]) -> dict[str, Any]:
    """Give the emulated operations that the document knows, and the components they reach, without prose."""
    emulated = {(item.template.replace("+", ""), item.method.lower()) for item in OPERATIONS}
    paths = {
        path: {method: _operation(entry) for method, entry in item.items() if (path, method) in emulated}
        for path, item in document["paths"].items()
    }
    kept: dict[str, Any] = {path: item for path, item in paths.items() if item}
    components: dict[str, dict[str, Any]] = {}
    pending = _references(kept)
    while pending:
        kind, name = pending.pop()
        if name not in components.setdefault(kind, {}):
            components[kind][name] = _bare(document["components"][kind][name])
            pending |= _references(components[kind][name])
    components["responses"] = _described(components["responses"])
    ordered = {kind: dict(sorted(items.items())) for kind, items in sorted(components.items())}
    info = {"title": document["info"]["title"], "version": document["info"]["version"], "x-source": _SOURCE}
    return {"openapi": document["openapi"], "info": info, "paths": kept, "components": ordered}


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = _bare(operation)
    return shown | {"responses": _described(shown["responses"])}


def _references(part: Any) -> set[tuple[str, str]]:
    return set(re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(part)))


def _bare(part: Any, *, names: bool = False) -> Any:
    """Leave out prose; below `properties` a key is the name of a field, whatever it is called."""
    if isinstance(part, list):
        return [_bare(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {key: _bare(value, names=key == "properties") for key, value in part.items() if names or key not in _PROSE}


def _described(responses: dict[str, Any]) -> dict[str, Any]:
    """Give each response the description that the specification demands."""
    return {name: {"description": ""} | response for name, response in responses.items()}


if __name__ == "__main__":
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    CONTRACT.write_text(json.dumps(cut(whole), indent=1) + "\n", encoding="utf-8")
