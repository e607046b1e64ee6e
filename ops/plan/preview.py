"""A preview of the engine, read from its JSON."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from release.error import ReleaseError

# What the engine does beside it, such as looking again at what is there, changes nothing.
_OPERATIONS = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "import": "import",
    "import-replacement": "replace",
}
_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
# Which the engine adds to whatever the program said.
_AFTER_EACH_ERROR = "an unhandled error occurred: program exited"
Change = tuple[str, Any, Any]


@dataclass(frozen=True, kw_only=True)
class Step:
    """What would happen to one resource.

    Attributes:
        operation: `create`, `update`, `delete`, `replace` or `import`.
        kind: the resource's type, such as `github:index/branchProtection:BranchProtection`.
        name: its name in the program.
        old, new: its inputs before and after; empty where there is no before or after. Secrets read `[secret]`.
        differing: paths of the properties that the engine calls different.
    """

    operation: str
    kind: str
    name: str
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    differing: tuple[str, ...] = ()

    @property
    def of_repository(self) -> bool:
        """Whether it is a thing on GitHub."""
        return self.kind.startswith("github:")

    def changes(self) -> list[Change]:
        """Give path, old and new value of each input that is another one, in the order of their paths."""
        before, after = dict(_leaves(self.old)), dict(_leaves(self.new))
        paths = sorted(before.keys() | after.keys())
        return [(p, before.get(p), after.get(p)) for p in paths if before.get(p) != after.get(p)]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Everything that would happen, and what the program said.

    Attributes:
        steps: in the engine's order, without those that change nothing.
        errors: why there is no plan; empty where there is one.
        warnings: what the program warned of.
    """

    steps: tuple[Step, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_preview(text: str) -> Preview:
    """Read what `pulumi preview --json` printed; a preview that failed has errors.

    Raises:
        ReleaseError: it is nothing of the kind.
    """
    begin = text.find("{")
    try:
        document = json.loads(text[begin:]) if begin >= 0 else None
    except ValueError as error:
        raise ReleaseError(_foreign(str(error))) from error
    except RecursionError as error:
        raise ReleaseError(_foreign("it is nested too deeply")) from error
    if document is None:
        return Preview(errors=(_COLOUR.sub("", text).strip() or "The engine said nothing.",))
    if not isinstance(document, dict):
        raise ReleaseError(_foreign("it is no object"))
    steps = document.get("steps") or []
    said = document.get("diagnostics") or []
    if not isinstance(steps, list) or not isinstance(said, list):
        raise ReleaseError(_foreign("steps and diagnostics are no lists"))
    return Preview(
        steps=tuple(step for entry in steps if (step := _read_step(entry))),
        errors=tuple(error for error in _messages(said, "error") if not error.startswith(_AFTER_EACH_ERROR)),
        warnings=tuple(_messages(said, "warning")),
    )


def _read_step(entry: Any) -> Step | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("urn"), str):
        raise ReleaseError(_foreign("a step has no URN"))
    operation = _OPERATIONS.get(str(entry.get("op")))
    parts = entry["urn"].split("::", 3)
    if operation is None or len(parts) != 4:  # noqa: PLR2004 - stack, project, types and name
        return None
    kind = parts[2].rpartition("$")[2]
    if kind.startswith("pulumi:"):
        return None
    return Step(
        operation=operation,
        kind=kind,
        name=parts[3],
        old=_inputs(entry.get("oldState")),
        new=_inputs(entry.get("newState")) if operation != "delete" else {},
        differing=tuple(differing) if isinstance(differing := entry.get("detailedDiff"), dict | list) else (),
    )


def _inputs(state: Any) -> Mapping[str, Any]:
    inputs = state.get("inputs") if isinstance(state, dict) else None
    return inputs if isinstance(inputs, dict) else {}


def _messages(said: list[Any], severity: str) -> Iterator[str]:
    for entry in said:
        if isinstance(entry, dict) and entry.get("severity") == severity:
            yield _COLOUR.sub("", str(entry.get("message", ""))).strip().removeprefix(f"{severity}: ")


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give the path and value of each part that holds no other; a list of plain values is one value."""
    if isinstance(value, dict):
        for key, part in value.items():
            if not str(key).startswith("__"):
                yield from _leaves(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for number, part in enumerate(value):
            yield from _leaves(part, f"{path}[{number}]")
    else:
        yield path, value


def _foreign(why: str) -> str:
    return (
        f"This is no preview of the engine: {why}. Nothing was told to anybody. Remedy: give what `pulumi preview"
        " --json` or `python -m ops preview --json` printed."
    )
