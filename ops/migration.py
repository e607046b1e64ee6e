"""Makes a migration with its undo, and gives one that came too late a new version."""

import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.ledgers import read_ledgers
from release.error import ReleaseError
from release.live_state import AppliedMigration
from release.migration_source import NAME, migration_path, split_name, undo_path

app = typer.Typer(help="Migrations of the backend.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)
_VERSION = "%Y%m%d%H%M%S"
_LAST_VERSION = 10**14 - 1
_LONGEST_NAME = 100

_MIGRATION = """\
-- {name}: what changes, and why.
--
-- The whole file is one transaction, and users go on reading and writing meanwhile:
-- no begin, commit or lock table. What running functions use is added first, and removed in a later release.
-- An index: `create index concurrently if not exists`, alone in a file of its own.
-- A check or a foreign key: `add constraint … not valid`; `validate constraint` in the next file.
-- A column that may not be null: add it with a constant default, or add it nullable, fill it, then constrain it.
-- A finding of the linter that is meant is waived above its statement: "-- squawk-ignore RULE -- why it is meant".
"""
_UNDO = """\
-- Undoes {name}: afterwards the schema is what it was before, which each release proves by running both.
-- Rows that the migration changed are part of it. An index that was made concurrently is dropped
-- concurrently, with `if exists`.
"""
_REMEDY = "Remedy: choose small letters, digits and underscores, such as"

Backend = Annotated[Path, typer.Option("--backend", help="The backend's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, kw_only=True)
class Rename:
    """A migration's old and new file name; the undo's, where there is one, are the same."""

    before: str
    after: str


@app.command()
def new(name: str, *, backend: Backend = Path("backend"), as_json: AsJson = False) -> None:
    """Write an empty migration and its undo, with a version later than every other in the work tree."""
    if not NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        proposal = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:_LONGEST_NAME]
        raise ReleaseError(
            f"{name!r} is no name for a migration, which the CLI would skip. {_REMEDY} {proposal or 'add_notes'}."
        )
    file_name = f"{_versions(_now(), _newest(_files(backend)), 1)[0]}_{name}.sql"
    texts = {
        migration_path(backend, file_name): _MIGRATION.format(name=name),
        undo_path(backend, file_name): _UNDO.format(name=name),
    }
    written: list[Path] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise ReleaseError(
            f"{file_name} and its undo could not be written ({error.strerror}), so neither was. Remedy: look at"
            f" {error.filename}."
        ) from error
    migration, undo = (str(path) for path in texts)
    _tell({"migration": migration, "undo": undo}, [f"wrote {migration}", f"wrote {undo}"], as_json=as_json)


@app.command()
def renumber(
    files: Annotated[list[str] | None, typer.Argument(help="Migrations, by file name or path.")] = None,
    *,
    all_pending: Annotated[bool, typer.Option(help="All that are applied nowhere.")] = False,
    not_applied_in: Annotated[
        list[str] | None, typer.Option(metavar="STACK", help="A stack whose ledger is not read: none is applied there.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be renamed.")] = False,
    backend: Backend = Path("backend"),
    as_json: AsJson = False,
) -> None:
    """Give migrations that came too late a version of now, their order kept; refused where one is applied anywhere."""
    if bool(files) == all_pending:
        raise ReleaseError("Which migrations? Remedy: name files, or use --all-pending; not both.")
    present = _files(backend)
    wanted = sorted({Path(file).name for file in files or ()})
    if missing := [name for name in wanted if name not in present]:
        raise ReleaseError(
            f"No such migration in {backend / 'supabase' / 'migrations'}: {', '.join(missing)}. Nothing was renamed."
            " Remedy: check the name; it has to begin with 14 digits."
        )
    ledgers = read_ledgers(Path.cwd(), not_applied_in or ())
    applied = {name: where for name in present if (where := _where_applied(name, present, ledgers))}
    if refused := [f"{name} is applied in stack {' and '.join(applied[name])}" for name in wanted if name in applied]:
        raise ReleaseError(
            f"{'; '.join(refused)}. Its version stands in the ledger, so nothing was renamed."
            " Remedy: leave it as it is, and make the change in a new migration."
        )
    renames = plan_renames(
        present,
        [name for name in present if name not in applied] if all_pending else wanted,
        [row.version for ledger in ledgers.values() for row in ledger],
        _now(),
    )
    if not dry_run:
        _rename(backend, renames)
    _tell(
        {
            "dry_run": dry_run,
            "renamed": [
                {"from": entry.before, "to": entry.after, "undo": _has_undo(backend, entry, dry_run=dry_run)}
                for entry in renames
            ],
        },
        [
            f"{'would rename' if dry_run else 'renamed'} {entry.before} → {entry.after}"
            + (" with its undo" if _has_undo(backend, entry, dry_run=dry_run) else "; it has no undo yet")
            for entry in renames
        ]
        or ["every migration is applied somewhere: nothing to rename"],
        as_json=as_json,
    )


def plan_renames(
    present: Iterable[str], wanted: Sequence[str], applied: Iterable[str], now: dt.datetime
) -> list[Rename]:
    """Give the new names of migrations, in their order.

    Args:
        present: file names of all migrations in the work tree.
        wanted: those to rename.
        applied: versions that ledgers hold.
        now: UTC.

    Raises:
        ReleaseError: no version is left.
    """
    newest = max([_newest(name for name in present if name not in wanted), *applied], default="")
    versions = _versions(now, newest, len(wanted))
    return [
        Rename(before=before, after=f"{version}{before[len(version) :]}")
        for before, version in zip(sorted(wanted), versions, strict=True)
    ]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _files(backend: Path) -> list[str]:
    folder = backend / "supabase" / "migrations"
    if not (backend / "supabase").is_dir():
        raise ReleaseError(f"{backend} has no folder supabase. Remedy: name the backend's folder with --backend.")
    return sorted(path.name for path in folder.glob("*.sql") if split_name(path.name))


def _newest(file_names: Iterable[str]) -> str:
    return max((parts[0] for name in file_names if (parts := split_name(name))), default="")


def _versions(now: dt.datetime, newest: str, count: int) -> list[str]:
    """Give versions in a row, from now on, but later than the newest one."""
    versions: list[str] = []
    for _ in range(count):
        version = max(now.strftime(_VERSION), _after(newest))
        if int(version) > _LAST_VERSION:
            raise ReleaseError(f"After {newest} there is no version of 14 digits. Remedy: rename that file by hand.")
        versions.append(version)
        newest = version
    return versions


def _after(version: str) -> str:
    if not version:
        return ""
    try:
        moment = dt.datetime.strptime(version, _VERSION).replace(tzinfo=dt.UTC)
        return (moment + dt.timedelta(seconds=1)).strftime(_VERSION)
    except (ValueError, OverflowError):  # digits that are no time, or the last one there is
        return str(int(version) + 1)


def _where_applied(
    file_name: str, present: Sequence[str], ledgers: Mapping[str, Sequence[AppliedMigration]]
) -> list[str]:
    """Name the stacks that have a migration.

    Of two files with one version only the one whose name the ledger has is applied; a single file is, whatever its
    name: somebody may have renamed it.
    """
    version = file_name.split("_", maxsplit=1)[0]
    others = {name for name in present if name.startswith(f"{version}_")} - {file_name}
    return [
        stack
        for stack, ledger in ledgers.items()
        for row in ledger
        if row.version == version and f"{version}_{row.name}.sql" not in others
    ]


def _has_undo(backend: Path, entry: Rename, *, dry_run: bool) -> bool:
    return undo_path(backend, entry.before if dry_run else entry.after).is_file()


def _rename(backend: Path, renames: Sequence[Rename]) -> None:
    """Rename migrations and undos; when one can't be, those before it get their names back."""
    moves = [
        (path(backend, entry.before), path(backend, entry.after))
        for entry in renames
        for path in (migration_path, undo_path)
        if path(backend, entry.before).exists()
    ]
    if taken := [str(target) for _, target in moves if target.exists()]:
        raise ReleaseError(f"{', '.join(taken)} exists, so nothing was renamed. Remedy: run this again.")
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            _move(source, target)
            done.append((source, target))
    except OSError as error:
        for source, target in reversed(done):
            _move(target, source)
        raise ReleaseError(
            f"{source} could not be renamed ({error}), so nothing was. Remedy: correct that, then run this again."
        ) from error


def _move(source: Path, target: Path) -> None:
    """Rename a file, in git's index too where git knows it."""
    git = ["git", "-C", str(source.parent)]
    try:
        known = subprocess.run([*git, "ls-files", "--error-unmatch", source.name], capture_output=True, check=False)
    except FileNotFoundError:
        known = None
    if known is None or known.returncode != 0:
        source.rename(target)
        return
    result = subprocess.run([*git, "mv", source.name, target.name], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise OSError(result.stderr.strip())


def _tell(document: Mapping[str, object], lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(document) + "\n")
        return
    for line in lines:
        _console.print(line, markup=False)
