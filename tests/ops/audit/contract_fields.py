"""The fields of an API's answers, by its contract: filled in where an answer lacks them, and changed one at a time."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CONTRACTS = Path(__file__).parents[2] / "contracts"
_VARIANTS = ("oneOf", "anyOf")
_DEEPEST = 4
Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Change:
    """Another value for one field of an answer; `note` says what is done to a list."""

    where: Where
    value: Any
    note: str = ""

    def apply(self, document: Any) -> Any:
        """Give a changed copy of a document."""
        copied = deepcopy(document)
        inner = copied
        for step in self.where[:-1]:
            inner = inner[step]
        inner[self.where[-1]] = deepcopy(self.value)
        return copied


@dataclass(frozen=True)
class Contract:
    """One API's published schemas."""

    document: Mapping[str, Any]

    @classmethod
    def read(cls, name: str) -> "Contract":
        return cls(json.loads((_CONTRACTS / f"{name}.json").read_text(encoding="utf-8")))

    def answer(self, path: str, *inside: str) -> Any:
        """Give the schema of what a read operation answers, or of a part of it."""
        content = self.document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        schema = self.resolve(content["schema"], None)
        for name in inside:
            schema = self.resolve(schema["properties"][name], None)
        return schema

    def variants(self, schema: Any) -> list[Any]:
        """Give the schemas of which an answer fits one."""
        return [self.resolve(part, None) for key in _VARIANTS for part in schema.get(key, ())]

    def resolve(self, schema: Any, answer: Any) -> Any:
        """Follow references, lay the parts of a schema over each other, and choose the variant that an answer fits."""
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for part in schema.get("allOf", ()):
            inner = self.resolve(part, answer)
            properties = {**inner.get("properties", {}), **schema.get("properties", {})}
            schema = {**inner, **schema, "properties": properties}
        if not isinstance(answer, dict) or not any(key in schema for key in _VARIANTS):
            return schema
        variants = [
            variant for variant in self.variants(schema) if answer.keys() <= variant.get("properties", {}).keys()
        ]
        kind = answer.get("type")
        named = [variant for variant in variants if kind in variant["properties"].get("type", {}).get("enum", ())]
        return min(named or variants, key=lambda variant: len(variant["properties"]), default={})

    def complete(self, schema: Any, answer: Any) -> None:
        """Give an answer every field that its schema has and it lacks, with a value that says nothing."""
        schema = self.resolve(schema, answer)
        if isinstance(answer, dict):
            for name, part in schema.get("properties", {}).items():
                if name not in answer:
                    answer[name] = self._nothing(self.resolve(part, None))
                else:
                    self.complete(part, answer[name])
        elif isinstance(answer, list):
            for entry in answer:
                self.complete(schema.get("items", {}), entry)

    def changes(self, schema: Any, answer: Any, where: Where) -> Iterator[Change]:
        """Give another value for each field of an answer, and one entry more and less for each list."""
        schema = self.resolve(schema, answer)
        if isinstance(answer, dict) and answer:
            for name in sorted(answer):
                yield from self.changes(schema.get("properties", {}).get(name, {}), answer[name], (*where, name))
        elif isinstance(answer, list):
            items = schema.get("items", {})
            yield Change(where, [*answer, self.example(items)], "one more")
            if answer:
                yield Change(where, answer[:-1], "one less")
            for number, inner in enumerate(answer):
                yield from self.changes(items, inner, (*where, number))
        else:
            yield Change(where, self._other(schema, answer))

    def example(self, schema: Any, depth: int = 0) -> Any:
        """Give a value of a schema that says something."""
        schema = self.resolve(schema, None)
        if variants := self.variants(schema):
            schema = variants[0]
        if schema.get("enum"):
            return schema["enum"][-1]
        kind = schema.get("type")
        if kind == "array":
            return [self.example(schema.get("items", {}), depth + 1)]
        if kind == "object" or "properties" in schema:
            parts = schema.get("properties", {}) if depth < _DEEPEST else {}
            return {name: self.example(part, depth + 1) for name, part in parts.items()}
        return {"boolean": True, "integer": 77, "number": 77}.get(str(kind), "something")

    def _nothing(self, schema: Any) -> Any:
        if schema.get("nullable"):
            return None
        nothing: dict[str, Any] = {"boolean": False, "integer": 0, "number": 0, "array": [], "object": {}}
        return nothing.get(str(schema.get("type")), "")

    def _other(self, schema: Any, value: Any) -> Any:
        others = [entry for entry in schema.get("enum", ()) if entry != value]
        if others:
            return others[-1]
        if isinstance(value, bool):
            return not value
        if isinstance(value, int | float):
            return value + 1
        if isinstance(value, str):
            return "2026-06-01T11:00:00Z" if schema.get("format") == "date-time" else f"{value}x"
        return self.example(schema)
