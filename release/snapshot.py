"""What a project's database says of its releases, as a text for those who may not ask the database."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from release.error import ReleaseError
from release.live_state import (
    HASHES_QUERY,
    LEDGER_QUERY,
    MANIFEST_QUERY,
    AppliedMigration,
    KnownHashes,
    ManifestRow,
    Query,
    read_hashes,
    read_ledger,
    read_manifest,
)

# The step whose standard output the engine keeps.
_RECORD = "$command:local:Command::record"
_QUERIES = {"ledger": LEDGER_QUERY, "manifest": MANIFEST_QUERY, "hashes": HASHES_QUERY}


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Ledger, manifest and what the records say of hashes; no row of anybody's data."""

    ledger: tuple[AppliedMigration, ...] = ()
    manifest: Mapping[str, ManifestRow]
    hashes: KnownHashes


def take_snapshot(query: Query) -> str:
    """Give everything that a preview asks a database that was released to, as JSON on one line."""
    return json.dumps({name: [dict(row) for row in query(sql)] for name, sql in _QUERIES.items()})


def find_snapshot(resources: Iterable[tuple[str, Mapping[str, Any]]]) -> Snapshot | None:
    """Find the snapshot that the last release left in a stack's state; None where there is none that can be read.

    Args:
        resources: URN and outputs of each resource.
    """
    texts = [outputs.get("stdout") for urn, outputs in resources if urn.endswith(_RECORD) and outputs]
    try:
        return read_snapshot(str(texts[0])) if texts else None
    except (ValueError, ReleaseError):
        return None


def read_snapshot(text: str) -> Snapshot:
    """Read what `take_snapshot` gave.

    Raises:
        ValueError: it is something else.
        ReleaseError: its rows are.
    """
    try:
        document: dict[str, Any] = json.loads(text)
    except RecursionError as error:
        raise ValueError("not a snapshot") from error
    if not isinstance(document, dict) or document.keys() != _QUERIES.keys():
        raise ValueError("not a snapshot")
    return Snapshot(
        ledger=read_ledger(document["ledger"]),
        manifest=read_manifest(document["manifest"]),
        hashes=read_hashes(document["hashes"]),
    )
