"""Opens the pull request of a hotfix, which goes to production without staging."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.branch_backend import read_branch_backend
from ops.generated_part import write_body
from ops.hosting import Hosting, find_hosting
from ops.outcome import tell_outcome
from ops.released_facts import read_facts
from release.error import ReleaseError
from settings.reading import read_files

_progress = Console(stderr=True, highlight=False, soft_wrap=True)
_TEMPLATE = Path(".github/hotfix_template.md")
_PREFIX, _LABEL = "hotfix/", "hotfix"


def hotfix(
    title: Annotated[str, typer.Option(help="What is repaired, in a few words.")],
    *,
    stack: Annotated[str, typer.Option(help="The stack that is repaired.")] = "production",
    branch: Annotated[str, typer.Option(help="The branch, hotfix/…; the current one without.")] = "",
    reason: Annotated[str, typer.Option(help="Why it can't wait: prints how to say so in the stack file.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Open the pull request of a pushed hotfix branch with its label, or bring it up to date.

    Exit code 2: it is open, but the stack file in the branch does not name just this release, so production would
    refuse it; what to set is printed.
    """
    settings = read_files(Path.cwd(), stack)
    hosting, base = find_hosting(settings), settings.branch.name
    head = branch or hosting.git(Path.cwd(), "branch", "--show-current")
    if not head.startswith(_PREFIX) or head == _PREFIX:
        raise ReleaseError(
            f"{head or 'This work tree'} is no hotfix branch. Nothing was opened. Remedy: git switch --create"
            f" {_PREFIX}what-it-repairs origin/{base}, commit the repair there, and push it."
        )
    there = read_facts(stack)
    with tempfile.TemporaryDirectory(prefix="hotfix-") as name:
        clone = Path(name)
        _progress.print(f"cloning {hosting.owner}/{hosting.name} …")
        hosting.git(clone, "clone", "--quiet", hosting.address, ".")
        _require_pushed(hosting, clone, head, own=not branch)
        hosting.git(clone, "switch", "--quiet", head)
        _require_of_base(hosting, clone, head, base, settings.promotion.validated_by)
        backend = read_branch_backend(clone, settings.backend.directory, there)
        declared = read_files(clone, stack).hotfix
    digest = backend.source.digest
    said = declared.reason if declared and declared.release == digest else None
    facts: dict[str, object] = {
        "stack": stack,
        "digest": digest,
        "migrations": [migration.file_name for migration in backend.pending],
        "waivers": backend.waivers,
        "declared": said,
        "rollback": there.newest,
    }
    url = hosting.open_pull_request(
        head=head,
        base=base,
        title=f"Hotfix: {title}",
        write=lambda before: write_body(_TEMPLATE, "hotfix", facts, before),
        labels=[_LABEL],
    )
    sentence = f"{url}: {'declared as a hotfix' if said else 'not declared as a hotfix yet'}"
    tell_outcome({"pull_request": url, "release": digest, "declared": said}, sentence, as_json=as_json)
    if said is None:
        setting = f"pulumi config set --stack {stack} --path"
        _progress.print(
            f"{stack} refuses release {digest[:12]} until Pulumi.{stack}.yaml in {head} says why it goes without"
            f" validation. Remedy:\n  {setting} hotfix.release {digest}\n  {setting} hotfix.reason"
            f' "{reason or "why it can not wait"}"\nthen commit and push that, and run this again.',
            markup=False,
        )
        raise typer.Exit(2)


def _require_pushed(hosting: Hosting, clone: Path, head: str, *, own: bool) -> None:
    remote = hosting.git(clone, "ls-remote", "origin", f"refs/heads/{head}").split("\t")[0]
    if not remote:
        raise ReleaseError(f"{head} is not pushed. Nothing was opened. Remedy: git push --set-upstream origin {head}")
    if own and (local := hosting.git(Path.cwd(), "rev-parse", "HEAD")) != remote:
        raise ReleaseError(
            f"{head} is at {local[:12]} here and at {remote[:12]} on GitHub. Nothing was opened. Remedy: git push, or"
            " git pull where somebody else pushed."
        )


def _require_of_base(hosting: Hosting, clone: Path, head: str, base: str, validator: str | None) -> None:
    """Refuse a branch that would bring along what only the other environment has."""
    new = set(hosting.git(clone, "rev-list", f"origin/{base}..HEAD").split())
    if not new:
        raise ReleaseError(f"{head} has no commit that {base} lacks. Nothing was opened. Remedy: commit the repair.")
    if validator is None:
        return
    other = read_files(clone, validator).branch.name
    brought = new & set(hosting.git(clone, "rev-list", f"origin/{base}..origin/{other}").split())
    if brought:
        raise ReleaseError(
            f"{head} holds {len(brought)} commits of {other} that {base} lacks: they would go live unvalidated. Nothing"
            f" was opened. Remedy: git rebase --onto origin/{base} origin/{other} {head}, then push it again."
        )
