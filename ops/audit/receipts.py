"""What the engine's state tells of the secrets that a stack wrote: when, and nothing of their values."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ops.audit.refusal import Refusal
from ops.engine import run_engine
from release.error import ReleaseError

Receipts = Mapping[str, str | None]
"""`ENVIRONMENT/NAME` or `NAME` to the moment of our own last write, UTC, ISO 8601, as GitHub told it then; None where
it did not: the plugin asks after it has written, and passes over an answer such as 429."""

_ENVIRONMENT_SECRET = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"  # noqa: S105 - a type
_REPOSITORY_SECRET = "github:index/actionsSecret:ActionsSecret"  # noqa: S105


async def read_receipts(stack: str) -> Receipts | Refusal:
    """Read a stack's receipts from its state, whose encrypted parts stay so.

    A refresh writes the moment that GitHub tells beside the one of our write and leaves that one alone.
    """
    try:
        exported = await asyncio.to_thread(run_engine, ["stack", "export", "--stack", stack])
    except ReleaseError:
        return Refusal(reason="there is no pulumi on PATH, so the state can't be read")
    if exported.returncode != 0:
        told = exported.stderr.strip().splitlines()
        return Refusal(reason=f"the state of stack {stack} can't be read: {told[-1] if told else 'pulumi failed'}")
    try:
        return find_receipts(json.loads(exported.stdout))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return Refusal(reason=f"the state of stack {stack} has another form than the engine's")


def find_receipts(state: Any) -> Receipts:
    """Find the receipts in an exported state."""
    found: dict[str, str | None] = {}
    for resource in state["deployment"].get("resources") or ():
        outputs = resource.get("outputs") or {}
        if resource["type"] == _ENVIRONMENT_SECRET:
            found[f"{outputs['environment']}/{outputs['secretName']}"] = _moment(outputs["updatedAt"])
        elif resource["type"] == _REPOSITORY_SECRET:
            found[outputs["secretName"]] = _moment(outputs["updatedAt"])
    return found


def _moment(text: str | None) -> str | None:
    """Give the plugin's way of writing a moment, `2026-01-31 10:00:00 +0000 UTC`, as GitHub's."""
    if text is None:
        return None
    return datetime.strptime(text.removesuffix(" UTC"), "%Y-%m-%d %H:%M:%S %z").strftime("%Y-%m-%dT%H:%M:%SZ")
