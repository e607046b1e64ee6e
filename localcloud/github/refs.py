"""Refs, branches and commits: views of the bare git repository, which alone holds them."""

from localcloud.github.accounts import account_json
from localcloud.github.errors import NotFoundError, UnprocessableError
from localcloud.github.git import Commit, Signature
from localcloud.github.node_ids import git_node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.protections import rename_pattern, rule_for, status_checks_json
from localcloud.github.store import Json

_BRANCH = REPOSITORY + "/branches/{branch+}"
_REFS = REPOSITORY + "/git/refs"


@operation("GET", REPOSITORY + "/git/ref/{ref+}")
def get_ref(call: Call) -> Answer:
    """Show one ref, named without refs/."""
    ref = f"refs/{call.parameters['ref']}"
    sha = call.git.refs(ref).get(ref)
    if sha is None:
        raise NotFoundError
    return Answer(body=_ref_json(call, ref, sha))


@operation("GET", REPOSITORY + "/git/matching-refs/{ref+}")
def list_refs(call: Call) -> Answer:
    """List the refs that start with a prefix."""
    found = call.git.refs(f"refs/{call.parameters['ref']}")
    return call.page([_ref_json(call, ref, sha) for ref, sha in found.items()])


@operation("POST", _REFS)
def create_ref(call: Call) -> Answer:
    """Create a ref at a commit that the repository has.

    Raises:
        UnprocessableError: no valid name, no such commit, or the ref exists; the plugin recognises the last
            by this exact message without a list of errors.
    """
    ref, sha = call.required("ref", str), call.required("sha", str)
    if not ref.startswith("refs/") or not call.git.is_valid_name(ref):
        raise UnprocessableError("Reference name must start with 'refs/' and be well-formed")
    if call.git.refs(ref).get(ref):
        raise UnprocessableError("Reference already exists")
    _require_commit(call, sha)
    call.git.point(ref, sha)
    return Answer(body=_ref_json(call, ref, sha), status=201)


@operation("PATCH", _REFS + "/{ref+}")
def update_ref(call: Call) -> Answer:
    """Move a ref, forward only unless `force` is set."""
    ref, old = _existing_ref(call)
    sha = call.required("sha", str)
    _require_commit(call, sha)
    if not call.optional("force", bool, default=False) and not call.git.is_ancestor(old, sha):
        raise UnprocessableError("Update is not a fast forward")
    call.git.point(ref, sha)
    return Answer(body=_ref_json(call, ref, sha))


@operation("DELETE", _REFS + "/{ref+}")
def delete_ref(call: Call) -> Answer:
    """Delete a ref, unless it is the default branch or a protection forbids it."""
    ref, _ = _existing_ref(call)
    branch = ref.removeprefix("refs/heads/")
    rule = rule_for(call.repository, branch)
    if branch == call.repository["default_branch"]:
        raise UnprocessableError("Cannot delete the default branch")
    if rule is not None and not rule["allowsDeletions"]:
        raise UnprocessableError("Cannot delete a protected branch")
    call.git.delete(ref)
    return NO_CONTENT


@operation("GET", REPOSITORY + "/branches")
def list_branches(call: Call) -> Answer:
    """List the branches, with `protected=true` or `false` only those."""
    wanted = call.query.get("protected")
    branches = [
        _short_json(call, ref.removeprefix("refs/heads/"), sha) for ref, sha in call.git.refs("refs/heads/").items()
    ]
    return call.page([item for item in branches if wanted is None or item["protected"] == (wanted == "true")])


@operation("GET", _BRANCH)
def get_branch(call: Call) -> Answer:
    """Show a branch with its head commit."""
    return Answer(body=_branch_json(call, call.parameters["branch"]))


@operation("POST", _BRANCH + "/rename")
def rename_branch(call: Call) -> Answer:
    """Rename a branch; the default branch and the protection of that very name follow."""
    old, new = call.parameters["branch"], call.required("new_name", str)
    refs = call.git.refs("refs/heads/")
    if f"refs/heads/{old}" not in refs:
        raise NotFoundError("Branch not found")
    if f"refs/heads/{new}" in refs or not call.git.is_valid_name(f"refs/heads/{new}"):
        raise UnprocessableError(f"New branch name {new} is taken or not valid")
    call.git.rename(old, new)
    rename_pattern(call.repository, old, new)
    if call.repository["default_branch"] == old:
        call.repository["default_branch"] = new
    return Answer(body=_branch_json(call, new), status=201)


@operation("GET", REPOSITORY + "/commits/{ref+}")
def get_commit(call: Call) -> Answer:
    """Show the commit that a hash, branch or tag stands for."""
    commit = call.git.commit(call.parameters["ref"])
    if commit is None:
        raise UnprocessableError(f"No commit found for SHA: {call.parameters['ref']}")
    return Answer(body=_commit_json(call, commit))


def _existing_ref(call: Call) -> tuple[str, str]:
    ref = f"refs/{call.parameters['ref']}"
    sha = call.git.refs(ref).get(ref)
    if sha is None:
        raise UnprocessableError("Reference does not exist")
    return ref, sha


def _require_commit(call: Call, sha: str) -> None:
    commit = call.git.commit(sha)
    if commit is None or commit.sha != sha:
        raise UnprocessableError("Object does not exist")


def _ref_json(call: Call, ref: str, sha: str) -> Json:
    return {
        "ref": ref,
        "node_id": git_node_id("REF", call.repository["id"], ref),
        "url": call.url("git", ref),
        "object": {"type": "commit", "sha": sha, "url": call.url("git", "commits", sha)},
    }


def _short_json(call: Call, branch: str, sha: str) -> Json:
    rule = rule_for(call.repository, branch)
    protection = {"enabled": rule is not None} | ({"required_status_checks": status_checks_json(rule)} if rule else {})
    return {
        "name": branch,
        "commit": {"sha": sha, "url": call.url("commits", sha)},
        "protected": rule is not None,
        "protection": protection,
        "protection_url": call.url("branches", branch, "protection"),
    }


def _branch_json(call: Call, branch: str) -> Json:
    commit = call.git.commit(f"refs/heads/{branch}")
    if commit is None:
        raise NotFoundError("Branch not found")
    links = {
        "self": call.url("branches", branch),
        "html": f"{call.web}/{call.repository['owner']}/{call.repository['name']}/tree/{branch}",
    }
    return _short_json(call, branch, commit.sha) | {"commit": _commit_json(call, commit), "_links": links}


def _commit_json(call: Call, commit: Commit) -> Json:
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
    """Find the account that a commit belongs to: the one with a noreply address of that login."""
    login, _, domain = signature.email.partition("@")
    known = domain == "users.noreply.github.com" and login.lower() in call.store.state["users"]
    return account_json(call, login) if known else None
