"""What a project's database says of its releases, as a text for those who may not ask the database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from release.live_state import (
    HASHES_QUERY,
    LEDGER_QUERY,
    MANIFEST_QUERY,
    AppliedMigration,
    KnownHashes,
    ManifestRow,
    read_hashes,
    read_ledger,
    read_manifest,
)
from release.record import Query

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


def read_snapshot(text: str) -> Snapshot:
    """Read what `take_snapshot` gave.

    Raises:
        ValueError: it is something else.
    """
    document: dict[str, Any] = json.loads(text)
    if not isinstance(document, dict) or document.keys() != _QUERIES.keys():
        raise ValueError("not a snapshot")
    return Snapshot(
        ledger=read_ledger(document["ledger"]),
        manifest=read_manifest(document["manifest"]),
        hashes=read_hashes(document["hashes"]),
    )
