"""Opens the pull request that releases what was validated, or brings it up to date."""

import datetime as dt
import re
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ops.branch_backend import BranchBackend, read_branch_backend
from ops.generated_part import write_body
from ops.github_answers import asking_github
from ops.hosting import Hosting, find_hosting
from ops.outcome import tell_outcome
from ops.released_facts import ReleasedFacts, read_facts
from ops.validating_stack import read_validator
from settings.reading import read_files

_progress = Console(stderr=True, highlight=False, soft_wrap=True)
_TEMPLATE = Path(".github/release_template.md")
_TITLE_CHARACTERS = 120
_MOST_COMMITS = 200


def release(
    stack: Annotated[str, typer.Option(help="The stack to release to.")] = "production",
    *,
    date: Annotated[str, typer.Option(help="For the title, such as 2026-11-26; today without.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Open the pull request from the validated branch to the stack's, or bring it up to date.

    Its text tells features, migrations, waivers, validation, the way back and the release hash; what people write
    around that part stays. Exit code 2: it is open, but what it holds is not validated, so production would refuse it.
    """
    settings = read_files(Path.cwd(), stack)
    validator = read_validator(settings, "release from")
    head, base = validator.branch.name, settings.branch.name
    hosting = find_hosting(settings)
    there, validation = read_facts(stack), read_facts(validator.stack)
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        clone = Path(name)
        _progress.print(f"cloning {hosting.owner}/{hosting.name} …")
        hosting.git(clone, "clone", "--quiet", "--branch", head, hosting.address, ".")
        commits = hosting.git(clone, "rev-list", "--first-parent", f"origin/{base}..HEAD").split()
        if not commits or not hosting.git(clone, "diff", "--name-only", f"origin/{base}...HEAD"):
            sentence = f"{base} has everything that {head} has."
            tell_outcome({"pull_request": None, "validated": None}, sentence, as_json=as_json)
            return
        backend = read_branch_backend(clone, settings.backend.directory, there)
    features = find_features(hosting, commits, head)
    validated = _validated(backend, validation)
    facts = _facts(stack, validator.stack, backend=backend, there=there, features=features, validated=validated)
    url = hosting.open_pull_request(
        head=head,
        base=base,
        title=_title(date or dt.datetime.now(dt.UTC).date().isoformat(), features),
        write=lambda before: write_body(_TEMPLATE, "release", facts, before),
        labels=[],
    )
    outcome = {"pull_request": url, "release": backend.source.digest, "validated": validated}
    tell_outcome(outcome, f"{url}: {validated or facts['missing']}", as_json=as_json)
    if not validated:
        raise typer.Exit(2)


def find_features(hosting: Hosting, commits: list[str], head: str) -> list[dict[str, Any]]:
    """Find the pull requests, merged into a branch, that brought its commits; the newest first.

    Raises:
        ReleaseError: GitHub refused.
    """
    client = hosting.api
    found: dict[int, dict[str, Any]] = {}
    remedy = "Nothing was opened. Remedy: GITHUB_TOKEN needs pull requests and contents (read)."
    with asking_github(f"say which pull requests brought the commits of {head}", remedy):
        for commit in commits[:_MOST_COMMITS]:
            answer = client.rest.repos.list_pull_requests_associated_with_commit(hosting.owner, hosting.name, commit)
            listed: list[Any] = answer.json()
            for pull in listed:
                if pull["merged_at"] and pull["base"]["ref"] == head:
                    feature = {"number": pull["number"], "title": pull["title"], "author": pull["user"]["login"]}
                    found[pull["number"]] = feature
    return list(found.values())


def _validated(backend: BranchBackend, validation: ReleasedFacts) -> str | None:
    digest = backend.source.digest
    return None if digest in validation.hashes.held else validation.hashes.validated.get(digest)


def _facts(
    stack: str,
    validator: str,
    *,
    backend: BranchBackend,
    there: ReleasedFacts,
    features: list[dict[str, Any]],
    validated: str | None,
) -> dict[str, object]:
    digest = backend.source.digest
    return {
        "stack": stack,
        "validator": validator,
        "digest": digest,
        "features": features,
        "migrations": [migration.file_name for migration in backend.pending],
        "waivers": backend.waivers,
        "validated": validated,
        "missing": f"{validator} has not validated this release: `pulumi up --stack {validator}` has to succeed first",
        "rollback": there.newest,
        "origin": there.origin,
    }


def _title(date: str, features: list[dict[str, Any]]) -> str:
    named = ", ".join(re.sub(r"^(feature|fix)\s*:\s*", "", str(f["title"]), flags=re.IGNORECASE) for f in features)
    title = f"Release: {date} - {named or 'maintenance'}"
    return title if len(title) <= _TITLE_CHARACTERS else f"{title[: _TITLE_CHARACTERS - 1]}…"
