"""Tells what a preview would do: on a pull request, in a job's summary, on the terminal."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.engine import run_engine
from ops.hosting import find_hosting
from ops.plan.backend_changes import find_backend_changes, find_base
from ops.plan.digest import PlanDigest
from ops.plan.markdown import LIMIT
from ops.plan.preview import Preview, read_preview
from ops.plan.pull_comment import marker_of, tell_pull_request
from release.backend_source import BackendSource, read_backend
from release.error import ReleaseError
from settings.reading import read_files
from settings.stack import Settings

_progress = Console(stderr=True, highlight=False, soft_wrap=True)


def plan(
    stack: Annotated[str, typer.Option(help="The stack.")],
    *,
    preview: Annotated[
        Path | None, typer.Option(help="What `pulumi preview --json` printed; - is standard input. Made here without.")
    ] = None,
    pull_request: Annotated[int | None, typer.Option(help="Number of the pull request to tell it on.")] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Add it to the job's summary (GITHUB_STEP_SUMMARY).")
    ] = False,
    base: Annotated[str, typer.Option(help="Revision that functions' files are compared with.")] = "",
    no_repository_changes: Annotated[
        bool, typer.Option("--no-repository-changes", help="Exit code 2 where it would change anything on GitHub.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what a preview would do: risks first, then migrations, functions, settings, and secrets by name.

    Exit code 1: the preview failed. A comment that can't be written is a warning.
    """
    settings = read_files(Path.cwd(), stack)
    found, backend = _preview(stack, preview), _backend(settings)
    # A declaration that stayed in the stack file is another release's.
    hotfix = settings.hotfix if settings.hotfix and backend and settings.hotfix.release == backend.digest else None
    digest = PlanDigest(
        stack=stack,
        preview=found,
        backend=find_backend_changes(found, backend, base or find_base(settings.branch.name)),
        hotfix=hotfix.reason if hotfix else None,
    )
    text = digest.write(LIMIT - len(marker_of(stack)) - 1)
    sys.stdout.write(json.dumps(digest.as_json()) + "\n" if as_json else text)
    if summary and (file := os.environ.get("GITHUB_STEP_SUMMARY")):
        with Path(file).open("a", encoding="utf-8") as summary_file:
            summary_file.write(text)
    if pull_request is not None:
        _tell(settings, pull_request, text)
    if found.errors:
        raise typer.Exit(1)
    if no_repository_changes:
        _refuse_repository_changes(stack, found)


def _preview(stack: str, file: Path | None) -> Preview:
    if file is not None:
        try:
            return read_preview(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ReleaseError(
                f"The preview {file} can't be read: {error}. Nothing was told to anybody. Remedy: name the file that"
                " `pulumi preview --json` wrote."
            ) from error
    _progress.print(f"previewing {stack} …")
    result = run_engine(["preview", "--stack", stack, "--json"])
    read = read_preview(result.stdout)
    if result.returncode != 0 and not read.errors:
        return Preview(errors=(result.stderr.strip() or result.stdout.strip() or "The engine said nothing.",))
    return read


def _backend(settings: Settings) -> BackendSource | None:
    try:
        return read_backend(Path(settings.backend.directory))
    except ReleaseError:
        # The preview itself has said what is wrong with the sources.
        return None


def _tell(settings: Settings, number: int, text: str) -> None:
    try:
        refused = tell_pull_request(find_hosting(settings), number, settings.stack, text)
    except ReleaseError as error:
        refused = str(error)
    if refused:
        _progress.print(
            f"warning: pull request #{number} was not told: {refused} The plan itself is not affected. Remedy: the"
            " token needs pull requests (write).",
            markup=False,
        )


def _refuse_repository_changes(stack: str, found: Preview) -> None:
    changed = [
        f"  {step.operation} {step.kind.rpartition(':')[2]} {step.name}" for step in found.steps if step.of_repository
    ]
    if not changed:
        return
    _progress.print(
        f"This would change the repository, which a release has no right to ({len(changed)} things):\n"
        + "\n".join(changed[:50])
        + f"\nNothing was changed. Remedy: run the workflow govern.yml for the stack {stack}, whose reviewers look at"
        " it; then run this one again.",
        markup=False,
    )
    raise typer.Exit(2)
