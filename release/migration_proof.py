"""Proves, on a throw-away database, that each migration's undo undoes it: up, down and up again give one schema."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import psycopg
from psycopg.rows import TupleRow

from release.backend_source import BackendSource
from release.child_environment import child_environment
from release.error import ReleaseError
from release.migration_source import Migration, migration_path, read_migrations, undo_path
from release.schema_snapshot import Snapshot, differences, schema_snapshot
from release.verdicts import Verdict, verdict_on

_PROJECT = Path(__file__).resolve().parent.parent
# What decides how two schemas compare is part of every verdict.
_SOURCES = (Path(__file__), Path(__file__).with_name("schema_snapshot.py"))
_SHOWN_DIFFERENCES = 10
_SHOWN_CHARACTERS = 300


class Report(TypedDict):
    """File names whose undo is proven, and why the next one can't be released, or None."""

    proven: list[str]
    refusal: str | None


def prove_undos(backend: BackendSource) -> int:
    """Run each migration up, down and up again, but for those that passed with just these files before them.

    A migration without undo is run up only: whether it needs one is the gate's question.

    Returns:
        How many were proven now.

    Raises:
        ReleaseError: an undo leaves another schema, a file fails, or no database can be had.
    """
    with_undo = _verdicts(backend.directory, backend.migrations)
    unproven = [file_name for file_name, verdict in with_undo.items() if not verdict.passed]
    if not unproven:
        return 0
    sys.stdout.write(f"proving the undo of {len(unproven)} migrations on a throw-away database …\n")
    sys.stdout.flush()
    report = run_on_scratch(backend.directory, unproven)
    for file_name in report["proven"]:
        with_undo[file_name].note_pass()
    if refusal := report["refusal"]:
        # What PostgreSQL says of an extension that its installation does not have.
        lacking = " is not available" in refusal
        remedy = (
            "name an installation of PostgreSQL 17 that has it in LOCALCLOUD_POSTGRES"
            if lacking
            else "correct the file"
        )
        raise ReleaseError(f"{refusal}\nNothing was released. Remedy: {remedy}, then `pulumi up`.")
    return len(unproven)


def prove(directory: Path, wanted: Sequence[str]) -> Report:
    """Prove the undo of some migrations on the database that PGHOST and the like name, until one fails.

    Args:
        directory: the backend's folder.
        wanted: file names; the others before the last of them are run up only.

    Returns:
        What was found.
    """
    proven: list[str] = []
    refusal = None
    last = max(wanted, default="")
    with psycopg.connect(autocommit=True) as connection:
        for migration in read_migrations(directory):
            if refusal or migration.file_name > last:
                break
            up = migration_path(directory, migration.file_name)
            if migration.file_name not in wanted:
                refusal = _fail(f"{up.name} does not apply after the migrations before it", _apply(up))
                continue
            refusal = _prove_one(connection, up, undo_path(directory, migration.file_name))
            if not refusal:
                proven.append(migration.file_name)
    return {"proven": proven, "refusal": refusal}


def _prove_one(connection: psycopg.Connection[TupleRow], up: Path, down: Path) -> str | None:
    undo = f"rollbacks/{down.name}"
    before = schema_snapshot(connection, with_shared=True)
    if failure := _apply(up):
        return _fail(f"{up.name} does not apply after the migrations before it", failure)
    after = schema_snapshot(connection, with_shared=True)
    if failure := _apply(down):
        return _fail(f"{undo}, the undo of {up.name}, fails right after it", failure)
    if found := _describe(before, schema_snapshot(connection, with_shared=True)):
        return f"{undo} does not undo {up.name}; before the migration, and after its undo:\n{found}"
    if failure := _apply(up):
        return _fail(f"{up.name} does not apply again after its undo", failure)
    found = _describe(after, schema_snapshot(connection, with_shared=True))
    return (
        f"{up.name} makes another schema when it runs again after its undo; first, and then:\n{found}"
        if found
        else None
    )


def _fail(what: str, failure: str | None) -> str | None:
    return f"{what}: {failure}" if failure else None


def _apply(file: Path) -> str | None:
    # A session of its own: what a file sets must not reach the next one. All statements of a text are one implicit
    # transaction, and a single one is none, which is what `concurrently` needs; the CLI runs files in the same way.
    try:
        with psycopg.connect(autocommit=True) as session:
            session.execute(file.read_bytes())
    except psycopg.Error as error:
        return str(error).strip()
    return None


def _describe(before: Snapshot, after: Snapshot) -> str:
    found = [f"  {what}: {_shorten(old)} → {_shorten(new)}" for what, old, new in differences(before, after)]
    more = [f"  … and {len(found) - _SHOWN_DIFFERENCES} more"] if len(found) > _SHOWN_DIFFERENCES else []
    return "\n".join(found[:_SHOWN_DIFFERENCES] + more)


def _shorten(definition: str | None) -> str:
    if definition is None:
        return "not there"
    text = " ".join(definition.split())
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _verdicts(directory: Path, migrations: Sequence[Migration]) -> dict[str, Verdict]:
    """Give, by file name, the verdict of each migration that has an undo."""
    database = _identify_database()
    rules = [hashlib.sha256(source.read_bytes()).hexdigest() for source in _SOURCES]
    found: dict[str, Verdict] = {}
    for number, migration in enumerate(migrations, start=1):
        undo = undo_path(directory, migration.file_name)
        if undo.is_file():
            until = [earlier.digest for earlier in migrations[:number]]
            undone = hashlib.sha256(undo.read_bytes()).hexdigest()
            found[migration.file_name] = verdict_on("undo", database, rules, until, undone)
    return found


def _identify_database() -> str:
    return os.environ.get("LOCALCLOUD_POSTGRES") or _ask("toolchain", "postgres")


def run_on_scratch(directory: Path, wanted: Sequence[str]) -> Report:
    """Run `prove` with a throw-away database.

    Raises:
        ReleaseError: there is none.
    """
    inner = [sys.executable, "-m", "release.migration_proof", str(directory), *wanted]
    report: Report = json.loads(_ask("localcloud", "scratch", "--", *inner))
    return report


def _ask(*arguments: str) -> str:
    """Run a room that this one may not import; its answer is what it prints."""
    result = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=_PROJECT,
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise ReleaseError(
            "The migrations' undo could not be tested, so nothing was released: there is no throw-away database:"
            f" {(result.stderr or result.stdout).strip()[-800:]} Remedy: install PostgreSQL 17 for this project with"
            " `python3 -m toolchain ensure`, or name a folder with its bin/ in LOCALCLOUD_POSTGRES."
        )
    return result.stdout.strip()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(prove(Path(sys.argv[1]), sys.argv[2:])))
