"""Changes of refs, by push or by API: judged by the rules, queued, and followed by pull requests."""

from localcloud.github.errors import UnprocessableError
from localcloud.github.pull_sync import follow
from localcloud.github.push_rules import judge
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken


def change_ref(store: Store, repository: Json, ref: str, new: str | None, who: GitHubToken) -> None:
    """Move, create or delete (None) a ref, named in full, where the rules allow it.

    The caller has made sure that the name is valid and free, and that the repository has the commit.

    Raises:
        UnprocessableError: a protection rule or a ruleset refuses, in GitHub's words.
    """
    verdict = judge(store, repository, ref, new, who)
    if verdict.refused:
        raise UnprocessableError(verdict.message)
    set_ref(store, repository, ref, new, who)


def set_ref(store: Store, repository: Json, ref: str, new: str | None, who: GitHubToken) -> None:
    """Move, create or delete a ref that was judged already."""
    store.move(repository, ref, new)
    repository["pushed_at"] = store.now()
    if ref.startswith("refs/heads/"):
        follow(store, repository, ref.removeprefix("refs/heads/"), new, who)
