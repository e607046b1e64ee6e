"""How open pull requests follow the branches that they come from and go to."""

import hashlib

from localcloud.github.branch_policies import dismisses_stale_reviews
from localcloud.github.git import Signature
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken


def follow(store: Store, repository: Json, branch: str, new: str | None, who: GitHubToken) -> None:
    """Bring every pull request up to date after a branch was moved, created or deleted (None)."""
    name = f"{repository['owner']}/{repository['name']}".lower()
    for base in store.state["repositories"].values():
        for issue in base["issues"].values():
            if issue["pull"] is None or issue["state"] != "open":
                continue
            head = issue["pull"]["head"]
            if (head["repository"], head["ref"]) == (name, branch):
                _move_head(store, base, issue, new, who)
            elif base is repository and issue["pull"]["base"]["ref"] == branch:
                _move_base(store, base, issue, new, who)


def rename(store: Store, repository: Json, old: str, new: str) -> None:
    """Let pull requests name a renamed branch by its new name."""
    name = f"{repository['owner']}/{repository['name']}".lower()
    for base in store.state["repositories"].values():
        for issue in base["issues"].values():
            head = (issue["pull"] or {}).get("head", {})
            if (head.get("repository"), head.get("ref")) == (name, old):
                head["ref"] = new
            if base is repository and issue["pull"] and issue["pull"]["base"]["ref"] == old:
                issue["pull"]["base"]["ref"] = new


def refresh(store: Store, repository: Json, issue: Json) -> None:
    """Merge head and base for a trial, and keep the outcome as refs/pull/N/merge."""
    pull, git = issue["pull"], store.git_of(repository)
    base = store.sha(repository, f"refs/heads/{pull['base']['ref']}")
    assert base is not None  # noqa: S101 - a pull request is closed when its base goes
    head = pull["head"]["sha"]
    tree = git.merged_tree(base, head)
    pull["base"]["sha"] = base
    pull["mergeable"] = tree is not None
    pull["merge_commit_sha"] = None
    if tree is not None:
        author = Signature(name="GitHub", email="noreply@github.com", date=store.now())
        pull["merge_commit_sha"] = git.write_commit(
            tree, [base, head], f"Merge {head} into {base}", author=author, committer=author
        )
    store.move(repository, f"refs/pull/{issue['number']}/head", head)
    store.move(repository, f"refs/pull/{issue['number']}/merge", pull["merge_commit_sha"])


def close(store: Store, issue: Json, login: str) -> None:
    """Close an issue or a pull request."""
    issue |= {"state": "closed", "closed_at": store.now(), "closed_by": login, "updated_at": store.now()}


def mark_merged(store: Store, issue: Json, login: str, sha: str) -> None:
    """Close a pull request as merged by a commit of its base."""
    close(store, issue, login)
    issue["pull"] |= {"merged_at": store.now(), "merged_by": login, "merge_commit_sha": sha}


def difference(store: Store, repository: Json, pull: Json) -> str:
    """Give a digest of what a pull request changes, which does not depend on the base's own changes."""
    git = store.git_of(repository)
    base = git.merge_base(pull["base"]["sha"], pull["head"]["sha"]) or pull["base"]["sha"]
    return hashlib.sha256(git.run("diff", "--no-ext-diff", base, pull["head"]["sha"]).encode()).hexdigest()


def _move_head(store: Store, base: Json, issue: Json, new: str | None, who: GitHubToken) -> None:
    pull = issue["pull"]
    if new is None:
        close(store, issue, who.login)
        return
    if new == pull["head"]["sha"]:
        return
    owner, _, name = pull["head"]["repository"].partition("/")
    if store.repository(owner, name) is not base:
        store.git_of(base).fetch(store.git(owner, name), new)
    before = difference(store, base, pull)
    pull["head"]["sha"] = new
    pull["pushed_by"] = who.login
    issue["updated_at"] = store.now()
    refresh(store, base, issue)
    target = f"refs/heads/{pull['base']['ref']}"
    if dismisses_stale_reviews(store, base, target, who) and difference(store, base, pull) != before:
        for review in pull["reviews"].values():
            if review["state"] == "APPROVED":
                review["state"] = "DISMISSED"


def _move_base(store: Store, base: Json, issue: Json, new: str | None, who: GitHubToken) -> None:
    pull = issue["pull"]
    if new is None:
        close(store, issue, who.login)
    elif store.git_of(base).is_ancestor(pull["head"]["sha"], new):
        mark_merged(store, issue, who.login, new)
        store.move(base, f"refs/pull/{issue['number']}/merge", None)
    else:
        refresh(store, base, issue)
