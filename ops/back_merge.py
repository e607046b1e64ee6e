"""Opens the pull request that brings what production's branch got back to where features are merged."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ops.github_answers import asking_github
from ops.hosting import Hosting, find_hosting
from ops.outcome import tell_outcome
from ops.validating_stack import read_validator
from settings.reading import read_files

_progress = Console(stderr=True, highlight=False, soft_wrap=True)
_PREFIX = "back-merge/"


def back_merge(
    stack: Annotated[str, typer.Option(help="The stack whose branch is merged back.")] = "production",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Open the pull request from a stack's branch to that of the stack which validates for it, or bring it up to date.

    A release is a merge commit that the other branch lacks, and a hotfix is code that it lacks: without this the next
    release is not up to date. Its branch is one of its own, so that merging it deletes nothing else.
    """
    settings = read_files(Path.cwd(), stack)
    validator = read_validator(settings, "merge back into")
    source, base = settings.branch.name, validator.branch.name
    hosting = find_hosting(settings)
    with tempfile.TemporaryDirectory(prefix="back-merge-") as name:
        clone = Path(name)
        _progress.print(f"cloning {hosting.owner}/{hosting.name} …")
        hosting.git(clone, "clone", "--quiet", "--branch", source, hosting.address, ".")
        lacking = hosting.git(clone, "rev-list", f"origin/{base}..HEAD").split()
        if not lacking:
            tell_outcome({"pull_request": None}, f"{base} has everything that {source} has.", as_json=as_json)
            return
        commit = hosting.git(clone, "rev-parse", "HEAD")
        head = _open_branch(hosting, base) or f"{_PREFIX}{commit[:12]}"
        _progress.print(f"pushing {head} …")
        hosting.git(clone, "push", "--quiet", "origin", f"{commit}:refs/heads/{head}")
    body = (
        f"Brings {base} the {len(lacking)} commits of {source} that it lacks, so that the next release is up to date.\n"
        "\nMerge it with a merge commit: a squashed one would leave the commits missing."
    )
    url = hosting.open_pull_request(
        head=head, base=base, title=f"Merge {source} back into {base}", write=lambda _: body, labels=[]
    )
    tell_outcome({"pull_request": url, "branch": head}, f"{url}: {len(lacking)} commits", as_json=as_json)


def _open_branch(hosting: Hosting, base: str) -> str | None:
    """Give the branch of a back-merge that is open already."""
    client = hosting.api
    with asking_github(
        "list the pull requests", "Nothing was opened. Remedy: GITHUB_TOKEN needs pull requests (read)."
    ):
        listed: list[Any] = client.rest.pulls.list(
            hosting.owner, hosting.name, state="open", base=base, per_page=100
        ).json()
        return next((pull["head"]["ref"] for pull in listed if pull["head"]["ref"].startswith(_PREFIX)), None)
