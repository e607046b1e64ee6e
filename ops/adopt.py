"""Prepares a production that exists for its first release."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.console import Console

from ops.baseline import find_baseline
from ops.stack_target import target_of
from release.backend_source import BackendSource, read_backend
from release.credentials import read_credential
from release.database import Connection, DatabaseAddress, connect, find_database
from release.error import ReleaseError
from release.live_state import LEDGER_QUERY, PRESENCE_QUERY
from release.management_api import ManagementApi
from release.schema_snapshot import schema_snapshot
from release.session import check_project
from release.supabase_cli import copied_backend, run_cli
from release.target import Target
from settings.reading import read_files

FINDINGS = 2
_console = Console(highlight=False, soft_wrap=True)


def adopt(
    stack: Annotated[str, typer.Option(help="The stack whose project is adopted.")],
    *,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Record the migrations that the database has had, as its schema shows.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Give a database that has tables and no ledger the ledger that fits them; data and schema stay untouched.

    The schema is compared with what the migrations make on a throw-away database, one after the other.
    """
    if not baseline:
        raise ReleaseError("There is nothing to adopt but the ledger. Remedy: add --baseline.")
    settings = read_files(Path.cwd(), stack)
    ref = settings.supabase.project.ref
    if ref is None:
        raise ReleaseError(
            f"Stack {stack} creates its project, so there is nothing to adopt. Remedy: set supabase.project.ref in its"
            " file."
        )
    backend = read_backend(Path(settings.backend.directory))
    password = read_credential("SUPABASE_DB_PASSWORD", stack)
    address = _address(target_of(settings, ref), read_credential("SUPABASE_ACCESS_TOKEN", stack))
    found = _found(address, password, stack)
    result = find_baseline(found, _steps(backend))
    names = [migration.file_name for migration in backend.migrations]
    if result.applied is None:
        _tell(
            {"recorded": [], "nearest": names[: result.nearest], "differences": result.differences},
            f"The schema fits no number of the migrations, so nothing was recorded. It comes nearest to"
            f" {names[result.nearest - 1] if result.nearest else 'an empty database'}, but for:",
            as_json=as_json,
        )
        raise typer.Exit(FINDINGS)
    recorded = names[: result.applied]
    if recorded:
        _record(backend, address, password, [migration.version for migration in backend.migrations[: result.applied]])
    _tell(
        {"recorded": recorded, "pending": names[result.applied :], "differences": []},
        f"recorded {len(recorded)} migrations; `pulumi up` applies the other {len(names) - len(recorded)}",
        as_json=as_json,
    )


def schema_steps(backend: Path) -> None:
    """Print the schema before each migration and after the last, on the database that PGHOST and the like name."""
    folder = backend / "supabase" / "migrations"
    with psycopg.connect(autocommit=True) as connection:
        steps = [schema_snapshot(connection)]
        for migration in read_backend(backend).migrations:
            # A session of its own: what a file sets must not reach the next one.
            with psycopg.connect(autocommit=True) as session:
                session.execute((folder / migration.file_name).read_bytes())
            steps.append(schema_snapshot(connection))
    sys.stdout.write(json.dumps(steps))


def _address(target: Target, token: str) -> DatabaseAddress:
    with ManagementApi(target, token) as api:
        check_project(target, api.project())
        return find_database(api)


def _found(address: DatabaseAddress, password: str, stack: str) -> dict[str, dict[str, str]]:
    with connect(address, password) as connection:
        if ledger := _ledger(connection):
            raise ReleaseError(
                f"The database has a ledger already, up to {ledger[-1]}, so nothing was changed."
                f" Remedy: `pulumi preview --stack {stack}` shows what it lacks."
            )
        connection.execute("set default_transaction_read_only to on")
        plain: Any = connection
        plain.row_factory = psycopg.rows.tuple_row
        return schema_snapshot(plain)


def _ledger(connection: Connection) -> list[str]:
    present = connection.execute(PRESENCE_QUERY).fetchone()
    if not (present and present["ledger"]):
        return []
    return [str(row["version"]) for row in connection.execute(LEDGER_QUERY).fetchall()]


def _steps(backend: BackendSource) -> list[dict[str, dict[str, str]]]:
    inner = [sys.executable, "-m", "ops", "schema-steps", str(backend.directory)]
    result = subprocess.run(
        [sys.executable, "-m", "localcloud", "scratch", "--", *inner], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise ReleaseError(
            f"The migrations could not be applied to a throw-away database: {result.stderr.strip()[-800:]} Nothing was"
            " changed. Remedy: correct what is named, then run this again."
        )
    steps: list[dict[str, dict[str, str]]] = json.loads(result.stdout)
    return steps


def _record(backend: BackendSource, address: DatabaseAddress, password: str, versions: list[str]) -> None:
    files = ["supabase/config.toml", *(f"supabase/migrations/{entry.file_name}" for entry in backend.migrations)]
    with copied_backend(backend.directory, files) as folder:
        answer = run_cli(
            ["migration", "repair", *versions, "--status", "applied", f"--remote={address.url}"],
            folder=folder,
            environment={"PGPASSWORD": password},
        )
    with connect(address, password) as connection:
        missing = sorted(set(versions) - set(_ledger(connection)))
    if missing or not answer.succeeded:
        raise ReleaseError(
            f"The ledger could not be written: {answer.message.replace(password, '***').strip()} It lacks"
            f" {', '.join(missing) or 'nothing'}. Remedy: look at supabase_migrations.schema_migrations, then run"
            " this again."
        )


def _tell(document: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(document) + "\n")
        return
    _console.print(text, markup=False)
    for line in document["differences"]:
        _console.print(f"  {line}", markup=False)
