"""What is live in a project: its ledger, its functions, and what the last release noted about them."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, TypeAdapter

from release.error import ReleaseError

# Two queries, since PostgreSQL resolves every table of a statement before it runs.
PRESENCE_QUERY = (
    "select to_regclass('release.hold') is not null as release,"
    " to_regclass('supabase_migrations.schema_migrations') is not null as ledger,"
    " exists (select from pg_tables where schemaname = 'public') as tables"
)
MANIFEST_QUERY = "select part, source, live, token from release.manifest"
# What is known of release hashes here: whether one was released and validated, and whether a rollback left it.
HASHES_QUERY = (
    "select digest, max(id) as number, to_char(max(recorded_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as at,"
    " null as reason from release.records where kind in ('release', 'hotfix') group by digest"
    " union all select digest, record, to_char(held_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), reason"
    " from release.hold"
)
MARKER_QUERY = "select ref, name, organization, api_host from release.marker"
# The digest leaves out what the CLI drops when it notes a file's statements; the gate does the same to the file.
LEDGER_QUERY = (
    "select version, name, md5(translate(array_to_string(statements, ''), E' \\t\\r\\n\\f\\v;', '')) as digest"
    " from supabase_migrations.schema_migrations order by version"
)
Query = Callable[[str], Sequence[Mapping[str, Any]]]
"""Runs SQL in a project's database and gives the rows."""


class _LedgerRow(BaseModel):
    version: str | int
    name: str | None
    digest: str | None


class _NotedRow(BaseModel):
    part: str
    source: str
    live: str
    token: str


class _HashRow(BaseModel):
    digest: str
    number: int
    at: str
    reason: str | None


_LEDGER = TypeAdapter(list[_LedgerRow])
_MANIFEST = TypeAdapter(list[_NotedRow])
_HASHES = TypeAdapter(list[_HashRow])


@dataclass(frozen=True, kw_only=True)
class ManifestRow:
    """What a release noted about one part after it had verified it.

    Attributes:
        source: digest of the sources that were released.
        live: digest of what was live right after.
        token: the release's token for this part, an input of the resource that released it.
    """

    source: str
    live: str
    token: str


@dataclass(frozen=True, kw_only=True)
class AppliedMigration:
    """A row of the ledger.

    Attributes:
        version: 14 digits.
        name: as the file was named; None where the row was written by hand.
        digest: MD5 of the statements without blanks and semicolons; None where the row has no statements.
    """

    version: str
    name: str | None
    digest: str | None


@dataclass(frozen=True, kw_only=True)
class KnownHashes:
    """What a project's records say of release hashes.

    Attributes:
        validated: hash to the sentence part `release N of YYYY-MM-DD HH:MM`, of those that passed their smoke tests.
        held: hash to why it must not be released again, of those that a rollback left.
    """

    validated: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LiveState:
    """A project's live truth; a project that does not exist yet has an empty one.

    Attributes:
        ledger: the applied migrations, by version.
        functions: slug to the digest of what is live.
        manifest: part (`migrations`, `function:SLUG`, `smoke`) to its row.
        hashes: what the records say.
    """

    ledger: tuple[AppliedMigration, ...] = ()
    functions: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, ManifestRow] = field(default_factory=dict)
    hashes: KnownHashes = KnownHashes()


def digest_function(*, code: str | None, version: int, verify_jwt: bool | None, status: str) -> str:
    """Give a digest of a live function that changes whenever its code or its token check does.

    Args:
        code: the platform's digest of the bundle (`ezbr_sha256`); optional in its API.
        version: the platform's count of deploys; tells one from another only where `code` is missing.
        verify_jwt: whether the gateway checks tokens; the platform's default where it does not tell.
        status: ACTIVE, REMOVED or THROTTLED.
    """
    facts = [code or f"version {version}", verify_jwt is not False, status]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def statements_query(versions: Sequence[str]) -> str:
    """Give the query for the text of applied migrations, one row for each version."""
    literals = ", ".join(f"'{version}'" for version in versions if version.isdigit())
    columns = "version, array_to_string(statements, E';\\n') as text"
    return f"select {columns} from supabase_migrations.schema_migrations where version in ({literals})"  # noqa: S608 - digits only


def check_rows(form: TypeAdapter[Any], rows: Any, what: str) -> None:
    """Hold rows against the form that they are used in.

    Raises:
        ReleaseError: it is another one; what stands in them is not told.
    """
    try:
        form.validate_python(rows)
    except (ValueError, RecursionError) as error:
        raise ReleaseError(
            f"The answer about {what} has no form that is known, so what is live is unknown. Nothing was changed."
            " Remedy: check SUPABASE_API_ENDPOINT and proxies, and that nobody has changed the schema release by hand."
        ) from error


def read_ledger(rows: Sequence[Mapping[str, Any]]) -> tuple[AppliedMigration, ...]:
    """Turn the rows of LEDGER_QUERY into the ledger.

    Raises:
        ReleaseError: they are something else.
    """
    check_rows(_LEDGER, rows, "the ledger of migrations")
    return tuple(AppliedMigration(version=str(row["version"]), name=row["name"], digest=row["digest"]) for row in rows)


def digest_ledger(versions: Sequence[str]) -> str:
    """Give a digest of the applied versions."""
    return hashlib.sha256(json.dumps(sorted(versions)).encode()).hexdigest()


def read_manifest(rows: Sequence[Mapping[str, Any]]) -> dict[str, ManifestRow]:
    """Turn the rows of MANIFEST_QUERY into the manifest.

    Raises:
        ReleaseError: they are something else.
    """
    check_rows(_MANIFEST, rows, "what the last release noted")
    return {
        str(row["part"]): ManifestRow(source=str(row["source"]), live=str(row["live"]), token=str(row["token"]))
        for row in rows
    }


def read_hashes(rows: Sequence[Mapping[str, Any]]) -> KnownHashes:
    """Turn the rows of HASHES_QUERY into what they say.

    Raises:
        ReleaseError: they are something else.
    """
    check_rows(_HASHES, rows, "released hashes")
    return KnownHashes(
        validated={
            str(row["digest"]): f"release {row['number']} of {row['at']}" for row in rows if row["reason"] is None
        },
        held={
            str(row["digest"]): f"since {row['at']} UTC (record {row['number']}): {row['reason']}"
            for row in rows
            if row["reason"] is not None
        },
    )
