"""Proposes an earlier release's sources again, by a pull request."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.hosting import Hosting, find_hosting
from ops.hotfix_declaration import declare_hotfix
from ops.outcome import tell_outcome
from ops.release_log import read_log
from ops.stack_target import read_stack
from release.backend_source import BackendSource, read_backend
from release.credentials import read_credential
from release.error import ReleaseError
from release.management_api import ManagementApi
from release.migration_source import MIGRATION_FOLDER, UNDO_FOLDER, migration_path, undo_path
from release.record import VALIDATED, Record

_progress = Console(stderr=True, highlight=False, soft_wrap=True)


def revert(
    release: Annotated[int, typer.Argument(help="Number of the record to take back.")],
    stack: Annotated[str, typer.Option(help="The stack whose records are meant.")] = "production",
    *,
    undo_migrations: Annotated[
        bool, typer.Option("--undo-migrations", help="Add migrations that undo those which came with the release.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Open a pull request that brings functions and smoke tests back to the release before, and keeps migrations.

    What is applied stays in the repository: a revert of the commit would delete it. `ops rollback` is quicker where
    users are affected; this is what keeps the branch and what is live the same.
    """
    settings, target = read_stack(stack)
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", stack)) as api:
        records, _ = read_log(api, target)
    left, before = _choose(records, release)
    hosting, branch, base = find_hosting(settings), f"hotfix/revert-{release}", settings.branch.name
    with tempfile.TemporaryDirectory(prefix="revert-") as name:
        clone = Path(name)
        _progress.print(f"cloning {hosting.owner}/{hosting.name} …")
        hosting.git(clone, "clone", "--quiet", "--branch", base, hosting.address, ".")
        hosting.git(clone, "switch", "--quiet", "--create", branch)
        _restore(hosting, clone, settings.backend.directory, before)
        source = read_backend(clone / settings.backend.directory)
        _compare(source, before)
        added = _undo(source, left, before) if undo_migrations else []
        hosting.git(clone, "add", "--all", settings.backend.directory)
        if not hosting.git(clone, "status", "--porcelain"):
            raise ReleaseError(
                f"The branch {base} holds the sources of release {before.number} already. Nothing was pushed. Remedy:"
                f" pulumi up --stack {stack}, or python -m ops rollback --stack {stack}"
            )
        title = f"Revert release {release} of {stack}"
        if settings.promotion.validated_by:
            # Migrations stay, so it is no release that was validated before.
            digest = read_backend(clone / settings.backend.directory).digest
            hosting.git(clone, "add", declare_hotfix(clone, stack, release=digest, reason=title))
        hosting.git(clone, "commit", "--quiet", "--message", f"{title}, back to release {before.number}")
        _progress.print(f"pushing {branch} …")
        hosting.git(clone, "push", "--quiet", "--force-with-lease", "origin", branch)
    kept = [] if undo_migrations else sorted(set(left.migrations) - set(before.migrations))
    url = hosting.open_pull_request(
        head=branch, base=base, title=title, write=lambda _: _body(left, before, added, kept), labels=["hotfix"]
    )
    document = {"pull_request": url, "branch": branch, "back_to": before.number, "migrations": added, "kept": kept}
    sentence = f"{url}: back to release {before.number}; {len(kept)} migrations stay, {len(added)} are undone"
    tell_outcome(document, sentence, as_json=as_json)


def _choose(records: tuple[Record, ...], number: int) -> tuple[Record, Record]:
    good = [record for record in records if record.kind in VALIDATED]
    left = next((record for record in good if record.number == number), None)
    earlier = [record for record in good if left and record.number < number and record.digest != left.digest]
    if left is None or not earlier:
        known = ", ".join(str(record.number) for record in good) or "none"
        raise ReleaseError(
            f"There is no release {number} with another one before it. Nothing was changed. Remedy: `python -m ops"
            f" history` lists them; these were released: {known}."
        )
    return left, earlier[-1]


def _restore(hosting: Hosting, clone: Path, directory: str, before: Record) -> None:
    """Give the backend's folder what it held at a release's commit, but for migrations and their undo scripts."""
    commit = before.commit or ""
    if before.dirty is not False or not hosting.git(clone, "branch", "--all", "--contains", commit):
        raise ReleaseError(
            f"Release {before.number} was not made from a commit of {hosting.owner}/{hosting.name}, so its sources"
            " can't be taken from there. Nothing was pushed. Remedy: python -m ops rollback brings back what is live."
        )
    applied = tuple(f"{directory}/{folder}/" for folder in (MIGRATION_FOLDER, UNDO_FOLDER))

    def listed(revision: str) -> set[str]:
        names = hosting.git(clone, "ls-tree", "-r", "--name-only", "-z", revision, "--", f"{directory}/").split("\0")
        return {name for name in names if name and not name.startswith(applied)}

    wanted = listed(commit)
    for name in listed("HEAD") - wanted:
        (clone / name).unlink()
    hosting.git(clone, "checkout", "--quiet", commit, "--", *sorted(wanted))


def _compare(source: BackendSource, before: Record) -> None:
    differing = sorted(
        slug
        for slug in source.functions.keys() | before.functions.keys()
        if (source.functions[slug].digest if slug in source.functions else None) != before.functions.get(slug)
    )
    if differing:
        raise ReleaseError(
            f"At the commit of release {before.number}, these functions are not what was released:"
            f" {', '.join(differing)}. Nothing was pushed. Remedy: python -m ops rollback brings back what is live."
        )


def _undo(source: BackendSource, left: Record, before: Record) -> list[str]:
    """Write a migration for each that came with the release, the newest first, from its undo script."""
    backend = source.directory
    newest = max([migration.version for migration in source.migrations], default="0")
    moment = dt.datetime.now(dt.UTC)
    added = []
    for migration in reversed(source.migrations):
        if migration.version not in left.migrations or migration.version in before.migrations:
            continue
        while (version := moment.strftime("%Y%m%d%H%M%S")) <= newest:
            moment += dt.timedelta(seconds=1)
        newest, name = version, f"{version}_undo_{migration.name}.sql"
        undo = undo_path(backend, migration.file_name)
        if not undo.is_file():
            raise ReleaseError(
                f"{migration.file_name} has no undo script. Nothing was pushed. Remedy: leave out --undo-migrations."
            )
        migration_path(backend, name).write_bytes(undo.read_bytes())
        undo_path(backend, name).write_bytes(migration_path(backend, migration.file_name).read_bytes())
        added.append(name)
    return added


def _body(left: Record, before: Record, added: list[str], kept: list[str]) -> str:
    lines = [
        f"Takes back {left.kind} {left.number} of {left.at} (`{left.digest[:12]}`).",
        f"Functions and smoke tests are again those of {before.kind} {before.number} (`{before.digest[:12]}`).",
        "",
        "Migrations that are applied stay in the repository.",
        *[f"- kept, and applied: `{version}`" for version in kept],
        *[f"- new, undoes one: `{name}`" for name in added],
    ]
    return "\n".join(lines)
