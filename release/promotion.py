"""What a release has to have behind it before an environment takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from release.error import ReleaseError
from release.live_state import KnownHashes
from settings.promotion import HotfixSettings


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """On what a release rests.

    Attributes:
        basis: a sentence part, such as `validated in staging as release 12 of 2026-11-26 10:00`.
        hotfix: why it goes without; None where it does not.
    """

    basis: str
    hotfix: str | None = None


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One approval of a pull request.

    Attributes:
        pull_request: its number.
        author: who wrote the pull request.
        reviewer: who approved it.
        tree: git's hash of the backend's folder at the commit that was approved; None where it has no such folder.
    """

    pull_request: int
    author: str
    reviewer: str
    tree: str | None


def refuse_held(stack: str, digest: str, hashes: KnownHashes) -> None:
    """Refuse a release that a rollback left.

    Raises:
        ReleaseError: there is a hold on it.
    """
    if why := hashes.held.get(digest):
        raise ReleaseError(
            f"Release {digest[:12]} is on hold in {stack} {why}. It would bring back what was rolled back, so nothing"
            " was changed. Remedy: correct the backend, which gives another hash; or, if it is to be released after"
            f" all, python -m ops rollback --stack {stack} --clear"
        )


def promote(
    stack: str,
    digest: str,
    *,
    own: KnownHashes,
    validated_by: str,
    there: KnownHashes | None,
    hotfix: HotfixSettings | None,
) -> Promotion:
    """Decide whether an environment takes a release.

    Args:
        stack: the environment's stack.
        digest: the release hash.
        own: what this environment's records say.
        validated_by: the stack that has to have validated it.
        there: what that stack's records say; None where it has no project yet, or nobody has to know.
        hotfix: the stack's hotfix, for whatever release.

    Raises:
        ReleaseError: nothing lets this release in.
    """
    held = there.held.get(digest) if there else None
    if there and digest in there.validated and not held:
        return Promotion(basis=f"validated in {validated_by} as {there.validated[digest]}")
    if hotfix and hotfix.release == digest:
        return Promotion(basis=f"a hotfix that {validated_by} has not validated", hotfix=hotfix.reason)
    if known := own.validated.get(digest):
        return Promotion(basis=f"validated here before, as {known}")
    if held:
        found = f"{validated_by} has it on hold {held}"
    elif there and there.validated:
        found = f"{validated_by} has validated others, the last as {list(there.validated.values())[-1]}"
    else:
        found = f"{validated_by} has validated nothing yet"
    setting = f"pulumi config set --stack {stack} --path"
    raise ReleaseError(
        f"Release {digest[:12]} may not go to {stack}: {found}. Nothing was changed. Remedy: pulumi up --stack"
        f" {validated_by} with just this backend. For a hotfix that can't wait: {setting} hotfix.release {digest} and"
        f" {setting} hotfix.reason with the reason, which goes on record."
    )


def refuse_unreviewed(stack: str, branch: str, tree: str | None, approvals: Sequence[Approval]) -> None:
    """Refuse a backend that is not, file by file, the one of an approved and merged pull request.

    Args:
        stack: the environment's stack.
        branch: the branch that pull requests are merged into.
        tree: git's hash of the backend's folder; None where it differs from the commit or there is no commit.
        approvals: of the merged pull requests that brought the commit.

    Raises:
        ReleaseError: it is not.
    """
    remedy = (
        f"Nothing was changed. Remedy: merge it into {branch} by an approved pull request, check out that commit, and"
        f" run this again; where there can be none, waivers.unreviewed in Pulumi.{stack}.yaml with the reason."
    )
    if tree is None:
        raise ReleaseError(
            f"The backend in this work tree is not that of a commit, so nobody can have reviewed it. {remedy}"
        )
    others = [approval for approval in approvals if approval.reviewer != approval.author]
    if any(approval.tree == tree for approval in others):
        return
    if others:
        numbers = ", ".join(f"#{number}" for number in sorted({approval.pull_request for approval in others}))
        raise ReleaseError(f"What was approved in {numbers} is another backend than this one. {remedy}")
    raise ReleaseError(
        f"No merged pull request into {branch} that somebody other than its author approved brought this commit."
        f" {remedy}"
    )
