"""Pull requests: opened, listed, changed, shown with their commits and files."""

from localcloud.github.accounts import account_json, team_json
from localcloud.github.code_owners import request_code_owners
from localcloud.github.commits import commit_json, file_json
from localcloud.github.errors import ForbiddenError, InvalidFieldsError, NotFoundError, UnprocessableError
from localcloud.github.git import FileChange
from localcloud.github.issues import (
    change_state,
    checked_body,
    issue_json,
    labels_json,
    new_issue,
    sorted_as_asked,
)
from localcloud.github.merge_rules import mergeable_state
from localcloud.github.node_ids import node_id
from localcloud.github.operations import REPOSITORY, Answer, Call, operation
from localcloud.github.pull_sync import refresh
from localcloud.github.repositories import repository_json
from localcloud.github.roles import may_write, role_of
from localcloud.github.store import Json

_PULLS = REPOSITORY + "/pulls"
PULL = _PULLS + "/{pull_number}"
_REVIEWERS = PULL + "/requested_reviewers"


@operation("GET", _PULLS)
def list_pulls(call: Call) -> Answer:
    """List pull requests by `state`, `head` (owner:branch), `base`, `sort` and `direction`."""
    state, head, base = (call.query.get(name) for name in ("state", "head", "base"))
    pulls = [
        issue
        for issue in call.repository["issues"].values()
        if issue["pull"]
        and (state or "open") in {"all", issue["state"]}
        and base in {None, issue["pull"]["base"]["ref"]}
        and (head is None or head.lower() == _label(issue["pull"]["head"]).lower())
    ]
    return call.page([simple_json(call, issue) for issue in sorted_as_asked(call, pulls)])


@operation("POST", _PULLS)
def create_pull(call: Call) -> Answer:
    """Open a pull request from a branch of this repository or of a fork (`owner:branch`).

    Raises:
        InvalidFieldsError: a branch does not exist, there is nothing to merge, or there is one already.
    """
    base, repository = call.required("base", str), call.repository
    owner, _, branch = call.required("head", str).rpartition(":")
    source = _source(call, owner or repository["owner"])
    tip, sha = call.git.branch(base), call.store.git_of(source).branch(branch) if source else None
    if tip is None:
        raise _invalid("base")
    if source is None or sha is None:
        raise _invalid("head")
    if source is not repository:
        call.git.fetch(call.store.git_of(source), sha)
    head = {"repository": f"{source['owner']}/{source['name']}".lower(), "ref": branch, "sha": sha}
    for issue in repository["issues"].values():
        pull = issue["pull"]
        if pull and issue["state"] == "open" and (pull["head"], pull["base"]["ref"]) == (head, base):
            raise _refused(f"A pull request already exists for {source['owner']}:{branch}.")
    if call.git.merge_base(tip, sha) is None:
        raise _refused(f"The {base} branch has no history in common with {branch}")
    if call.git.is_ancestor(sha, tip):
        own = source is repository
        names = (base, branch) if own else (f"{repository['owner']}:{base}", f"{source['owner']}:{branch}")
        raise _refused(f"No commits between {' and '.join(names)}")
    if call.body.get("title") is None:
        raise InvalidFieldsError({"resource": "Issue", "code": "missing_field", "field": "title"})
    issue = new_issue(call, {
        "id": call.store.next_id(),
        "head": head,
        "base": {"ref": base, "sha": tip},
        "draft": call.optional("draft", bool, default=False),
        "maintainer_can_modify": call.optional("maintainer_can_modify", bool, default=source is not repository),
        "mergeable": None,
        "merge_commit_sha": None,
        "merged_at": None,
        "merged_by": None,
        "pushed_by": call.viewer,
        "reviewers": [],
        "teams": [],
        "reviews": {},
        "comments": {},
    })  # fmt: skip
    refresh(call.store, repository, issue)
    if not issue["pull"]["draft"]:
        request_code_owners(call.store, repository, issue)
    return Answer(body=pull_json(call, issue), status=201)


@operation("GET", PULL)
def get_pull(call: Call) -> Answer:
    """Show a pull request in full."""
    return Answer(body=pull_json(call, pull_of(call)))


@operation("PATCH", PULL)
def update_pull(call: Call) -> Answer:
    """Change title, body, base or state.

    Raises:
        InvalidFieldsError: the base does not exist, or the pull request cannot be opened again.
        ForbiddenError: the caller neither opened it nor has write access.
    """
    issue = pull_of(call)
    pull = issue["pull"]
    if issue["user"] != call.viewer and not may_write(call.store, call.repository, call.viewer):
        raise ForbiddenError("Must have admin rights to Repository.")
    issue["title"] = call.optional("title", str, issue["title"])
    issue["body"] = checked_body(call, "Issue", issue["body"] or "") or None
    base = call.optional("base", str, pull["base"]["ref"])
    if base != pull["base"]["ref"]:
        if call.git.branch(base) is None or issue["state"] != "open":
            raise _invalid("base")
        pull["base"]["ref"] = base
        refresh(call.store, call.repository, issue)
    state = call.optional("state", str, issue["state"])
    if state not in {"open", "closed"}:
        raise InvalidFieldsError({"resource": "PullRequest", "code": "invalid", "field": "state"})
    if state == "open" and issue["state"] == "closed":
        _require_reopenable(call, issue)
    if state != issue["state"]:
        change_state(call, issue, state)
        if state == "open":
            refresh(call.store, call.repository, issue)
    issue["updated_at"] = call.store.now()
    return Answer(body=pull_json(call, issue))


@operation("GET", PULL + "/commits")
def list_commits(call: Call) -> Answer:
    """List the commits of a pull request, oldest first."""
    return call.page([commit_json(call, commit) for commit in reversed(call.git.commits(_span(pull_of(call))))])


@operation("GET", PULL + "/files")
def list_files(call: Call) -> Answer:
    """List the files that a pull request changes."""
    issue = pull_of(call)
    changes = _changes(call, issue, patches=True)
    return call.page([file_json(call, change, issue["pull"]["head"]["sha"]) for change in changes])


@operation("GET", REPOSITORY + "/commits/{commit_sha}/pulls")
def list_pulls_of_commit(call: Call) -> Answer:
    """List the pull requests that brought, or would bring, a commit."""
    sha = call.git.sha(call.parameters["commit_sha"])
    if sha is None:
        raise UnprocessableError(f"No commit found for SHA: {call.parameters['commit_sha']}")
    pulls = [issue for issue in call.repository["issues"].values() if issue["pull"]]
    brought = [
        issue
        for issue in pulls
        if (sha == issue["pull"]["merge_commit_sha"] and issue["pull"]["merged_at"])
        or sha in call.git.run("rev-list", _span(issue)).splitlines()
    ]  # fmt: skip
    return call.page([simple_json(call, issue) for issue in brought])


@operation("GET", _REVIEWERS)
def list_requested(call: Call) -> Answer:
    """Show who was asked for a review and has not given one."""
    shown = _requested_json(call, pull_of(call))
    return Answer(body={"users": shown["requested_reviewers"], "teams": shown["requested_teams"]})


@operation("POST", _REVIEWERS)
def request_review(call: Call) -> Answer:
    """Ask users and teams for a review.

    Raises:
        UnprocessableError: the author is asked, or somebody who may not see the repository.
    """
    issue = pull_of(call)
    users, teams = _named_reviewers(call)
    if issue["user"] in users:
        raise UnprocessableError("Review cannot be requested from pull request author.")
    issue["pull"]["reviewers"] = list(dict.fromkeys([*issue["pull"]["reviewers"], *users]))
    issue["pull"]["teams"] = list(dict.fromkeys([*issue["pull"]["teams"], *teams]))
    return Answer(body=simple_json(call, issue), status=201)


@operation("DELETE", _REVIEWERS)
def withdraw_request(call: Call) -> Answer:
    """Ask no longer."""
    issue = pull_of(call)
    users, teams = _named_reviewers(call)
    issue["pull"]["reviewers"] = [login for login in issue["pull"]["reviewers"] if login not in users]
    issue["pull"]["teams"] = [slug for slug in issue["pull"]["teams"] if slug not in teams]
    return Answer(body=simple_json(call, issue))


def pull_of(call: Call) -> Json:
    """Find the pull request that the path names, as the issue that it is.

    Raises:
        NotFoundError: there is none.
    """
    issue: Json | None = call.repository["issues"].get(call.parameters["pull_number"])
    if issue is None or issue["pull"] is None:
        raise NotFoundError
    return issue


def simple_json(call: Call, issue: Json) -> Json:
    """Show a pull request as lists do."""
    pull, number = issue["pull"], issue["number"]
    url, shown, page = call.url("pulls", number), issue_json(call, issue), call.html("pull", number)
    links = {
        "html_url": page,
        "issue_url": call.url("issues", number),
        "comments_url": call.url("issues", number, "comments"),
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{call.url('pulls', 'comments')}{{/number}}",
        "commits_url": f"{url}/commits",
        "statuses_url": call.url("statuses", pull["head"]["sha"]),
    }
    named = {
        "self": url,
        "html": page,
        "issue": links["issue_url"],
        "comments": links["comments_url"],
        "review_comments": links["review_comments_url"],
        "review_comment": links["review_comment_url"],
        "commits": links["commits_url"],
        "statuses": links["statuses_url"],
    }
    same = (
        "number", "state", "title", "body", "user", "created_at", "updated_at", "closed_at", "assignee", "assignees",
        "milestone", "locked", "active_lock_reason", "author_association",
    )  # fmt: skip
    return {
        **{name: shown[name] for name in same},
        **links,
        "id": pull["id"],
        "node_id": node_id("PullRequest", pull["id"]),
        "url": url,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "labels": labels_json(call, issue),
        "draft": pull["draft"],
        "merged_at": pull["merged_at"],
        "merge_commit_sha": pull["merge_commit_sha"],
        "auto_merge": None,
        **_requested_json(call, issue),
        **{side: _side_json(call, pull, side) for side in ("head", "base")},
        "_links": {name: {"href": address} for name, address in named.items()},
    }


def pull_json(call: Call, issue: Json) -> Json:
    """Show a pull request in full."""
    pull, merged = issue["pull"], issue["pull"]["merged_at"] is not None
    changes = _changes(call, issue)
    return simple_json(call, issue) | {
        "merged": merged,
        "merged_by": account_json(call, pull["merged_by"]) if merged else None,
        "mergeable": None if merged else pull["mergeable"],
        "rebaseable": None if merged else pull["mergeable"],
        "mergeable_state": "unknown" if merged else mergeable_state(call.store, call.repository, issue, call.actor),
        "maintainer_can_modify": pull["maintainer_can_modify"],
        "comments": len(issue["comments"]),
        "review_comments": len(pull["comments"]),
        "commits": len(call.git.run("rev-list", _span(issue)).splitlines()),
        "additions": sum(change.additions for change in changes),
        "deletions": sum(change.deletions for change in changes),
        "changed_files": len(changes),
    }


def comment_links(call: Call, issue: Json, anchor: str) -> Json:
    """Give the links of something that was said in a pull request."""
    page, url = f"{call.html('pull', issue['number'])}#{anchor}", call.url("pulls", issue["number"])
    links = {"html": {"href": page}, "pull_request": {"href": url}}
    return {"html_url": page, "pull_request_url": url, "_links": links}


def _span(issue: Json) -> str:
    return f"{issue['pull']['base']['sha']}..{issue['pull']['head']['sha']}"


def _changes(call: Call, issue: Json, *, patches: bool = False) -> list[FileChange]:
    base, head = issue["pull"]["base"]["sha"], issue["pull"]["head"]["sha"]
    return call.git.changes(call.git.merge_base(base, head) or base, head, patches=patches)


def _source(call: Call, owner: str) -> Json | None:
    """Find the repository of an owner that a pull request can come from: this one, or a fork of it."""
    name = f"{call.repository['owner']}/{call.repository['name']}".lower()
    family = [call.repository] + [r for r in call.store.state["repositories"].values() if r["parent"] == name]
    found = next((item for item in family if item["owner"].lower() == owner.lower()), None)
    visible = found is not None and role_of(call.store, found, call.viewer) is not None
    return found if visible else None


def _require_reopenable(call: Call, issue: Json) -> None:
    owner, _, name = issue["pull"]["head"]["repository"].partition("/")
    source = call.store.repository(owner, name)
    tip = call.store.git_of(source).branch(issue["pull"]["head"]["ref"])
    if issue["pull"]["merged_at"] or tip is None or call.git.branch(issue["pull"]["base"]["ref"]) is None:
        message = "state cannot be changed. The branch was merged or deleted."
        raise InvalidFieldsError({"resource": "PullRequest", "code": "custom", "field": "state", "message": message})
    if source is not call.repository:
        call.git.fetch(call.store.git_of(source), tip)
    issue["pull"]["head"]["sha"] = tip


def _named_reviewers(call: Call) -> tuple[list[str], list[str]]:
    owner, name = call.repository["owner"], call.repository["name"]
    try:
        users = [call.store.user(str(login))["login"] for login in call.optional("reviewers", list, [])]
        teams = [call.store.team(owner, str(slug))["slug"] for slug in call.optional("team_reviewers", list, [])]
    except NotFoundError:
        users, teams = [""], []
    if not all(login and role_of(call.store, call.repository, login) for login in users):
        raise UnprocessableError(
            "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not "
            f"a collaborator of the {owner}/{name} repository."
        )
    return users, teams


def _requested_json(call: Call, issue: Json) -> Json:
    owner = call.repository["owner"]
    return {
        "requested_reviewers": [account_json(call, login) for login in issue["pull"]["reviewers"]],
        "requested_teams": [team_json(call, call.store.team(owner, slug)) for slug in issue["pull"]["teams"]],
    }


def _side_json(call: Call, pull: Json, side: str) -> Json:
    repository = call.repository
    if side == "head":
        owner, _, name = pull["head"]["repository"].partition("/")
        repository = call.store.repository(owner, name)
    return {
        "label": f"{repository['owner']}:{pull[side]['ref']}",
        "ref": pull[side]["ref"],
        "sha": pull[side]["sha"],
        "user": account_json(call, repository["owner"]),
        "repo": repository_json(call, repository),
    }


def _label(head: Json) -> str:
    return f"{head['repository'].partition('/')[0]}:{head['ref']}"


def _invalid(field: str) -> InvalidFieldsError:
    return InvalidFieldsError({"resource": "PullRequest", "field": field, "code": "invalid"})


def _refused(message: str) -> InvalidFieldsError:
    return InvalidFieldsError({"resource": "PullRequest", "code": "custom", "message": message})
