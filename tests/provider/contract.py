"""Holds the fake's answers, and the provider's requests with them, to the published contract."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator


def _without_discriminator(part: dict[str, Any]) -> dict[str, Any]:
    part.pop("discriminator", None)  # it points to schemas that the document has inline only
    return part


FILE = Path(__file__).parents[1] / "contracts" / "supabase-management-api.json"
DOCUMENT = json.loads(FILE.read_text(), object_hook=_without_discriminator)


@cache
def _operation(method: str, path: str) -> Any:
    for template, item in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in item:
            return item[method.lower()]
    return None


def _problems(schema: Any, value: Any) -> list[str]:
    validator = OAS30Validator(schema | {"components": DOCUMENT["components"]})
    return [error.message for error in validator.iter_errors(value)]


def violations(method: str, path: str, request: Any, status: int, answer: Any) -> list[str]:
    """Say where a successful exchange leaves the contract."""
    operation = _operation(method, path)
    if operation is None or str(status) not in operation["responses"]:
        return [f"{method} {path} does not answer {status}"]
    found = []
    if "requestBody" in operation:
        found += _problems(operation["requestBody"]["content"]["application/json"]["schema"], request)
    elif request is not None:
        found.append("takes no body")
    content = operation["responses"][str(status)].get("content")
    if content:
        found += _problems(content["application/json"]["schema"], answer)
    return [f"{method} {path}: {problem}" for problem in found]


def neutral_answer(method: str, template: str) -> dict[str, Any]:
    """Make an answer that the contract accepts, each field null, false, 0 or its first word."""
    operation = DOCUMENT["paths"][template][method.lower()]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    fields = DOCUMENT["components"]["schemas"][schema["$ref"].split("/")[-1]]["properties"]
    neutral: dict[str, Any] = {"boolean": False, "integer": 0, "number": 0, "string": ""}
    return {
        name: (None if None in field["enum"] else field["enum"][0])
        if "enum" in field
        else None
        if field.get("nullable")
        else neutral[field["type"]]
        for name, field in fields.items()
    }
