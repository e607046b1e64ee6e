"""Refs and branches: views of the bare git repository, which alone holds them."""

from localcloud.github.branch_policies import policies_for
from localcloud.github.commits import commit_json
from localcloud.github.errors import ForbiddenError, NotFoundError, UnprocessableError
from localcloud.github.git import Commit
from localcloud.github.node_ids import git_node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.protections import rename_pattern, rule_for, status_checks_json
from localcloud.github.pull_sync import rename
from localcloud.github.push_rules import judge
from localcloud.github.ref_updates import change_ref
from localcloud.github.roles import role_of
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
    if not call.store.is_free(call.repository, ref) or ref.startswith("refs/pull/"):
        raise UnprocessableError("Reference cannot be created")
    change_ref(call.store, call.repository, ref, sha, call.actor)
    return Answer(body=_ref_json(call, ref, sha), status=201)


@operation("PATCH", _REFS + "/{ref+}")
def update_ref(call: Call) -> Answer:
    """Move a ref, forward only unless `force` is set."""
    ref, old = _existing_ref(call)
    sha = call.required("sha", str)
    _require_commit(call, sha)
    if not call.optional("force", bool, default=False) and not call.git.is_ancestor(old, sha):
        raise UnprocessableError("Update is not a fast forward")
    change_ref(call.store, call.repository, ref, sha, call.actor)
    return Answer(body=_ref_json(call, ref, sha))


@operation("DELETE", _REFS + "/{ref+}")
def delete_ref(call: Call) -> Answer:
    """Delete a ref, unless it is the default branch or a rule forbids it."""
    ref, _ = _existing_ref(call)
    if ref == f"refs/heads/{call.repository['default_branch']}":
        raise UnprocessableError("Cannot delete the default branch")
    change_ref(call.store, call.repository, ref, None, call.actor)
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
    branch = call.parameters["branch"]
    commit = call.git.commit(f"refs/heads/{branch}")
    if commit is None:
        raise NotFoundError("Branch not found")
    return Answer(body=_branch_json(call, branch, commit))


@operation("POST", _BRANCH + "/rename")
def rename_branch(call: Call) -> Answer:
    """Rename a branch; default branch, pull requests and the protection of that very name follow.

    Raises:
        UnprocessableError: the name is taken or not valid.
        ForbiddenError: the branch is protected and the caller no administrator; or it is the default branch, which
            takes the permission administration too.
    """
    old, new = call.parameters["branch"], call.required("new_name", str)
    if old == call.repository["default_branch"]:
        call.authority.require(call.repository, [{"administration": "write"}])
    commit = call.git.commit(f"refs/heads/{old}")
    if commit is None:
        raise NotFoundError("Branch not found")
    if not call.git.is_valid_name(f"refs/heads/{new}") or not _is_free_beside(call, old, new):
        raise UnprocessableError(f"New branch name {new} is taken or not valid")
    governed = bool(policies_for(call.store, call.repository, f"refs/heads/{old}", call.actor))
    if governed and role_of(call.store, call.repository, call.viewer) != "admin":
        raise ForbiddenError("You must be an administrator to rename a protected branch.")
    verdict = judge(call.store, call.repository, f"refs/heads/{new}", commit.sha, call.actor)
    if verdict.refused:
        raise UnprocessableError(verdict.message)
    call.store.move(call.repository, f"refs/heads/{old}", None)
    call.store.move(call.repository, f"refs/heads/{new}", commit.sha)
    rename_pattern(call.repository, old, new)
    rename(call.store, call.repository, old, new)
    if call.repository["default_branch"] == old:
        call.repository["default_branch"] = new
        call.store.move(call.repository, "HEAD", f"refs/heads/{new}")
    return Answer(body=_branch_json(call, new, commit), status=201)


def _existing_ref(call: Call) -> tuple[str, str]:
    ref = f"refs/{call.parameters['ref']}"
    sha = call.git.refs(ref).get(ref)
    if sha is None:
        raise UnprocessableError("Reference does not exist")
    return ref, sha


def _is_free_beside(call: Call, old: str, new: str) -> bool:
    """Tell whether a branch can be renamed; `a` to `a/b` is possible, since `a` goes."""
    others = [name.removeprefix("refs/heads/") for name in call.git.refs("refs/heads/")]
    return not any(
        f"{other}/".startswith(f"{new}/") or f"{new}/".startswith(f"{other}/") for other in others if other != old
    )


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


def _branch_json(call: Call, branch: str, commit: Commit) -> Json:
    links = {
        "self": call.url("branches", branch),
        "html": f"{call.web}/{call.repository['owner']}/{call.repository['name']}/tree/{branch}",
    }
    return _short_json(call, branch, commit.sha) | {"commit": commit_json(call, commit), "_links": links}
