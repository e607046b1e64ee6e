"""Commits: shown, listed, compared, and made by merging one branch into another."""

from typing import Any

from localcloud.github.accounts import account_json
from localcloud.github.errors import ConflictError, NotFoundError, UnprocessableError
from localcloud.github.git import Commit, FileChange, Signature
from localcloud.github.node_ids import git_node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.ref_updates import change_ref
from localcloud.github.store import Json

_MAX_LISTED = 10_000
_MAX_FILES = 300
WEB_COMMITTER = ("GitHub", "noreply@github.com")


@operation("GET", REPOSITORY + "/commits")
def list_commits(call: Call) -> Answer:
    """List commits from a branch, tag or commit (`sha`) backwards, with `path`, `since` and `until` only those."""
    start = call.query.get("sha") or call.repository["default_branch"]
    sha = call.git.sha(start)
    if sha is None:
        raise NotFoundError
    limits = [f"--{name}={call.query[name]}" for name in ("since", "until") if name in call.query]
    selection = [
        f"--max-count={_MAX_LISTED}",
        *limits,
        sha,
        "--",
        *([call.query["path"]] if "path" in call.query else []),
    ]
    return call.page([commit_json(call, commit) for commit in call.git.commits(*selection)])


@operation("GET", REPOSITORY + "/commits/{ref+}")
def get_commit(call: Call) -> Answer:
    """Show the commit that a hash, branch or tag stands for, with the files that it changes."""
    commit = call.git.commit(call.parameters["ref"])
    if commit is None:
        raise UnprocessableError(f"No commit found for SHA: {call.parameters['ref']}")
    before = commit.parents[0] if commit.parents else call.git.run("mktree", given="")
    files = call.git.changes(before, commit.sha, patches=True)
    counts = {name: sum(getattr(item, name) for item in files) for name in ("additions", "deletions")}
    more = {
        "stats": counts | {"total": sum(counts.values())},
        "files": [file_json(call, item, commit.sha) for item in files[:_MAX_FILES]],
    }
    return Answer(body=commit_json(call, commit) | more)


@operation("GET", REPOSITORY + "/compare/{basehead+}")
def compare(call: Call) -> Answer:
    """Compare two commits, `base...head`."""
    base, _, head = call.parameters["basehead"].partition("...")
    commits = [call.git.commit(name) for name in (base, head)]
    if None in commits or not head:
        raise NotFoundError
    first, last = (commit for commit in commits if commit is not None)
    shared = call.git.merge_base(first.sha, last.sha)
    parted = call.git.commit(shared) if shared else None
    if parted is None:
        raise NotFoundError(f"No common ancestor between {base} and {head}.")
    ahead, behind = call.git.distance(first.sha, last.sha)
    status = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    between = [commit_json(call, commit) for commit in reversed(call.git.commits(f"{first.sha}..{last.sha}"))]
    listed = call.page(between)
    changed = call.git.changes(parted.sha, last.sha, patches=True)
    page = call.html("compare", call.parameters["basehead"])
    return Answer(
        body={
            "url": call.url("compare", call.parameters["basehead"]),
            "html_url": page,
            "permalink_url": call.html("compare", f"{first.sha[:7]}...{last.sha[:7]}"),
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "base_commit": commit_json(call, first),
            "merge_base_commit": commit_json(call, parted),
            "status": status,
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
            "commits": listed.body,
            "files": [file_json(call, item, last.sha) for item in changed[:_MAX_FILES]],
        },
        headers=listed.headers,
    )


@operation("POST", REPOSITORY + "/merges")
def merge_branch(call: Call) -> Answer:
    """Merge a branch or commit (`head`) into a branch (`base`); 204 where there is nothing to merge.

    Raises:
        NotFoundError: the base or the head does not exist.
        ConflictError: they conflict.
        UnprocessableError: a rule of the base refuses.
    """
    base, head = call.required("base", str), call.required("head", str)
    into, from_ = call.git.branch(base), call.git.sha(head)
    if into is None:
        raise NotFoundError("Base does not exist")
    if from_ is None:
        raise NotFoundError("Head does not exist")
    if call.git.is_ancestor(from_, into):
        return NO_CONTENT
    tree = call.git.merged_tree(into, from_)
    if tree is None:
        raise ConflictError("Merge conflict")
    message = call.optional("commit_message", str, f"Merge {head} into {base}")
    sha = call.git.write_commit(tree, [into, from_], message, author=signature(call), committer=web_signature(call))
    change_ref(call.store, call.repository, f"refs/heads/{base}", sha, call.actor)
    commit = call.git.commit(sha)
    assert commit is not None  # noqa: S101 - it was written a moment ago
    return Answer(body=commit_json(call, commit), status=201)


def signature(call: Call, login: str | None = None) -> Signature:
    """Give the signature of a commit that somebody (the caller) makes on GitHub."""
    name = login or call.viewer
    number = account_json(call, name)["id"]
    return Signature(name=name, email=f"{number}+{name}@users.noreply.github.com", date=call.store.now())


def web_signature(call: Call) -> Signature:
    """Give the committer of what GitHub itself commits."""
    name, email = WEB_COMMITTER
    return Signature(name=name, email=email, date=call.store.now())


def file_json(call: Call, change: FileChange, sha: str) -> Json:
    """Show how a file differs, at the commit that has the new content."""
    previous: dict[str, Any] = {"previous_filename": change.previous} if change.previous else {}
    patch = {} if change.patch is None else {"patch": change.patch}
    return {
        "sha": change.blob,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": call.html("blob", sha, change.path),
        "raw_url": call.html("raw", sha, change.path),
        "contents_url": f"{call.url('contents', change.path)}?ref={sha}",
        **patch,
        **previous,
    }


def commit_json(call: Call, commit: Commit) -> Json:
    """Show a commit as lists do."""
    html = f"{call.web}/{call.repository['owner']}/{call.repository['name']}/commit"
    return {
        "sha": commit.sha,
        "node_id": git_node_id("C", call.repository["id"], commit.sha),
        "url": call.url("commits", commit.sha),
        "html_url": f"{html}/{commit.sha}",
        "comments_url": call.url("commits", commit.sha, "comments"),
        "commit": {
            "url": call.url("git", "commits", commit.sha),
            "author": _signature_json(commit.author),
            "committer": _signature_json(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": call.url("git", "trees", commit.tree)},
            "comment_count": 0,
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
        },
        "author": _account_of(call, commit.author),
        "committer": _account_of(call, commit.committer),
        "parents": [
            {"sha": sha, "url": call.url("commits", sha), "html_url": f"{html}/{sha}"} for sha in commit.parents
        ],
    }


def _signature_json(signature: Signature) -> Json:
    return {"name": signature.name, "email": signature.email, "date": signature.date}


def _account_of(call: Call, signature: Signature) -> Json | None:
    """Find the account that a commit belongs to: the one with a noreply address (`number+login`) of that login."""
    user, _, domain = signature.email.partition("@")
    login = user.rpartition("+")[2]
    known = domain == "users.noreply.github.com" and login.lower() in call.store.state["users"]
    return account_json(call, login) if known else None
