"""What a release has to do, decided by comparing the sources with what is live.

A part's token is the input of the resource that releases it: a new token runs it, the same token does not. It is the
manifest row's own where sources and live state are as that row says, and otherwise a new one, made of what differs.
So whatever changes, here or there, by whomever, is released by the next `up`, and the `up` after that is empty.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from release.backend_source import BackendSource
from release.live_state import LiveState, ManifestRow, digest_ledger
from release.promotion import Promotion


@dataclass(frozen=True, kw_only=True)
class ReleasePlan:
    """The tokens of a release, and what they mean for a reader.

    Attributes:
        backend: the sources.
        pending: file names of the migrations that the ledger lacks, in order.
        changed: slugs of the functions that will be deployed.
        migrations: token of the migrations.
        functions: slug to token.
        tests, smoke, record: tokens of those steps.
        promotion: on what the release rests; None where the stack asks for nothing.
    """

    backend: BackendSource
    pending: tuple[str, ...]
    changed: tuple[str, ...]
    migrations: str
    functions: Mapping[str, str]
    tests: str
    smoke: str
    record: str
    promotion: Promotion | None = None


def plan_release(backend: BackendSource, live: LiveState, promotion: Promotion | None = None) -> ReleasePlan:
    """Compare sources with live state.

    Args:
        backend: the sources.
        live: what is there.
        promotion: on what the release rests.
    """
    applied = [migration.version for migration in live.ledger]
    migrations = _token(
        desired=digest_migrations(backend), live=digest_ledger(applied), row=live.manifest.get("migrations")
    )
    functions = {
        slug: _token(
            desired=function.digest,
            live=live.functions.get(slug),
            row=live.manifest.get(f"function:{slug}"),
        )
        for slug, function in backend.functions.items()
    }
    smoke = _hash(migrations, sorted(functions.items()), backend.smoke_digest)
    return ReleasePlan(
        backend=backend,
        pending=tuple(migration.file_name for migration in backend.migrations if migration.version not in applied),
        changed=tuple(slug for slug, token in functions.items() if not _is_current(live, slug, token)),
        migrations=migrations,
        functions=functions,
        tests=_hash(backend.tree_digest),
        smoke=smoke,
        record=_hash(smoke, backend.tree_digest),
        promotion=promotion,
    )


def digest_migrations(backend: BackendSource) -> str:
    """Give one digest of all migration files, names and contents."""
    return _hash([[migration.file_name, migration.digest] for migration in backend.migrations])


def _is_current(live: LiveState, slug: str, token: str) -> bool:
    row = live.manifest.get(f"function:{slug}")
    return row is not None and row.token == token


def _token(*, desired: str, live: str | None, row: ManifestRow | None) -> str:
    if row is not None and row.source == desired and row.live == live:
        return row.token
    return _hash(desired, live, row.token if row else None)


def _hash(*facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
