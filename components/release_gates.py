"""What stands between a backend and an environment: a hold, validation elsewhere, review, a commit."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from components.found_project import FoundProject
from components.github_reads import in_form, read_all, read_github
from components.released_state import read_released_state
from provider.invokes import QueryForbiddenError, query_database
from release.backend_source import BackendSource
from release.checklist import CHECKLIST_QUERY, read_checklist, refuse_unchecked
from release.checklist import PRESENCE_QUERY as CHECKLIST_PRESENCE_QUERY
from release.error import ReleaseError
from release.live_state import HASHES_QUERY, PRESENCE_QUERY, KnownHashes, read_hashes
from release.promotion import Approval, Promotion, promote, refuse_held, refuse_unreviewed
from release.target import DEFAULT_API_ENDPOINT
from release.work_tree import ask_git, read_commit
from settings.reading import is_on_this_machine
from settings.stack import Settings
from settings.supabase import SupabaseSettings
from settings.withheld import values_are_withheld


def pass_gates(settings: Settings, backend: BackendSource, own: KnownHashes) -> Promotion | None:
    """Hold a backend against everything that this environment asks of a release.

    Args:
        settings: the stack's.
        backend: the sources.
        own: what the environment's records say.

    Returns:
        On what the release rests; None where the stack asks for no validation.

    Raises:
        ReleaseError: something is missing; nothing was changed.
        pulumi.RunError: it could not be found out.
    """
    refuse_held(settings.stack, backend.digest, own)
    promotion = None
    if validated_by := settings.promotion.validated_by:
        promotion = promote(
            settings.stack,
            backend.digest,
            own=own,
            validated_by=validated_by,
            there=_hashes_of(validated_by, settings.others[validated_by])
            if backend.digest not in own.validated
            else None,
            hotfix=settings.hotfix,
        )
        _hold_to_the_checklist(settings, validated_by, backend.digest, own, promotion)
        if promotion.hotfix:
            pulumi.log.warn(f"HOTFIX: release {backend.digest[:12]} is {promotion.basis}: {promotion.hotfix}")
    if settings.hotfix and settings.hotfix.release != backend.digest:
        pulumi.log.warn(f"hotfix.release in Pulumi.{settings.stack}.yaml is another release's; remove it")
    _hold_to_a_commit(backend.directory)
    if settings.promotion.reviewed:
        if why := settings.waivers.unreviewed:
            pulumi.log.warn(f"what is released need not be reviewed: {why}")
        else:
            path = f"repos/{settings.owner}/{settings.repository}"
            approvals = _approvals(path, settings.branch.name, settings.backend.directory)
            try:
                refuse_unreviewed(settings.stack, settings.branch.name, _tree(settings.backend.directory), approvals)
            except ReleaseError as error:
                # A pull request's preview is what its reviewers read before they approve.
                if not values_are_withheld():
                    raise
                pulumi.log.warn(f"Not approved and merged yet: {error}")
    return promotion


def _hashes_of(stack: str, supabase: SupabaseSettings) -> KnownHashes | None:
    project = FoundProject(supabase).read()
    if not project.found:
        return None
    try:
        if not query_database(project.ref, PRESENCE_QUERY)[0]["release"]:
            return None
        return read_hashes(query_database(project.ref, HASHES_QUERY))
    except QueryForbiddenError as error:
        snapshot = read_released_state(stack)
        if snapshot is None or not pulumi.runtime.is_dry_run():
            raise
        pulumi.log.warn(f"{error} This preview goes by what the last release to {stack} left.")
        return snapshot.hashes


def _hold_to_the_checklist(
    settings: Settings, validated_by: str, digest: str, own: KnownHashes, promotion: Promotion
) -> None:
    """Ask for what has to hold besides; neither of a hotfix nor of what was released here before."""
    required = settings.promotion.requires
    if not required or promotion.hotfix or digest in own.validated:
        return
    project = FoundProject(settings.others[validated_by]).read()
    try:
        present = query_database(project.ref, CHECKLIST_PRESENCE_QUERY)[0]["checklist"]
        checklist = read_checklist(query_database(project.ref, CHECKLIST_QUERY)) if present else ()
    except QueryForbiddenError as error:
        if not pulumi.runtime.is_dry_run():
            raise
        pulumi.log.warn(f"{error} Whether {', '.join(required)} hold in {validated_by} is not known.")
        return
    refuse_unchecked(settings.stack, digest, validated_by, required, checklist)


def _hold_to_a_commit(directory: Path) -> None:
    """Let nothing go to a real cloud that no commit holds: a rollback could not find it again."""
    if is_on_this_machine(os.environ.get("SUPABASE_API_ENDPOINT", DEFAULT_API_ENDPOINT)):
        return
    _, dirty = read_commit(directory)
    if dirty is False:
        return
    text = (
        f"{directory.name}/ differs from the last commit, so what would be released is on record nowhere. Nothing was"
        " changed. Remedy: commit it, or put it back."
    )
    if not pulumi.runtime.is_dry_run():
        raise pulumi.RunError(text)
    pulumi.log.warn(text)


def _tree(directory: str) -> str | None:
    """Give git's hash of the backend's folder; None where it differs from the commit, or there is none."""
    _, dirty = read_commit(Path(directory))
    return None if dirty is not False else ask_git(Path.cwd(), "rev-parse", f"HEAD:./{Path(directory).as_posix()}")


@in_form("about pull requests and their reviews")
def _approvals(path: str, branch: str, directory: str) -> list[Approval]:
    """Find who approved what in the merged pull requests that brought the commit into the branch."""
    commit = ask_git(Path.cwd(), "rev-parse", "HEAD")
    # GitHub answers 422 for a commit that it does not have, and which therefore no pull request brought.
    pulls = read_github(f"{path}/commits/{commit}/pulls", absent="No commit found for SHA") if commit else None
    approvals = []
    for pull in pulls or []:
        if not pull["merged_at"] or pull["base"]["ref"] != branch:
            continue
        author = pull["user"]["login"]
        for login, review in _standing(read_all(f"{path}/pulls/{pull['number']}/reviews")).items():
            if review["state"] == "APPROVED":
                tree = _tree_at(path, directory, review["commit_id"])
                approvals.append(Approval(pull_request=pull["number"], author=author, reviewer=login, tree=tree))
    return approvals


def _standing(reviews: list[Any]) -> Mapping[str, Any]:
    """Give each reviewer's last word; a mere comment is none."""
    return {review["user"]["login"]: review for review in reviews if review["state"] not in {"COMMENTED", "PENDING"}}


def _tree_at(path: str, directory: str, commit: str) -> str | None:
    folder = Path(directory)
    parent = "" if folder.parent == Path() else f"/{folder.parent.as_posix()}"
    entries = read_github(f"{path}/contents{parent}?ref={commit}")
    return next((str(entry["sha"]) for entry in entries or [] if entry["name"] == folder.name), None)
