"""Issues, their labels and their comments; a pull request is an issue that has more to it."""

from typing import Any

from localcloud.github.accounts import account_json, app_json
from localcloud.github.errors import ForbiddenError, GoneError, InvalidFieldsError, NotFoundError
from localcloud.github.labels import add_label, label_json
from localcloud.github.node_ids import node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.pull_sync import close
from localcloud.github.roles import association_of, may_write
from localcloud.github.store import Json, found

_ISSUES = REPOSITORY + "/issues"
ISSUE = _ISSUES + "/{issue_number}"
_COMMENTS = ISSUE + "/comments"
_COMMENT = _ISSUES + "/comments/{comment_id}"
_LABELS = ISSUE + "/labels"
_MAX_BODY = 65_536  # characters
_REASONS = {"completed", "not_planned", "duplicate", "reopened"}
_REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def new_issue(call: Call, pull: Json | None = None) -> Json:
    """Give the next number to an issue with the title and body of the request, and keep it."""
    repository = call.repository
    repository["last_number"] += 1
    issue = {
        "id": call.store.next_id(),
        "number": repository["last_number"],
        "title": call.required("title", str),
        "body": checked_body(call, "Issue") or None,
        "user": call.viewer,
        "app_id": call.actor.app_id,
        "state": "open",
        "state_reason": None,
        "labels": [],
        "assignees": [],
        "comments": {},
        "created_at": call.store.now(),
        "updated_at": call.store.now(),
        "closed_at": None,
        "closed_by": None,
        "pull": pull,
    }
    repository["issues"][str(issue["number"])] = issue
    return issue


def checked_body(call: Call, resource: str, default: str = "") -> str:
    """Read the text of an issue or comment.

    Raises:
        InvalidFieldsError: it is longer than GitHub takes.
    """
    body = call.optional("body", str, default)
    if len(body) > _MAX_BODY:
        message = f"body is too long (maximum is {_MAX_BODY} characters)"
        raise InvalidFieldsError({"resource": resource, "code": "custom", "field": "body", "message": message})
    return body


def sorted_as_asked(call: Call, issues: list[Json]) -> list[Json]:
    """Sort by `sort` (created, updated, comments) and `direction`."""
    keys = {"updated": "updated_at", "comments": "comments"}
    field = keys.get(call.query.get("sort", ""), "created_at")

    def key(issue: Json) -> tuple[Any, int]:
        return (len(issue["comments"]) if field == "comments" else issue[field], issue["number"])

    return sorted(issues, key=key, reverse=call.query.get("direction") != "asc")


def labels_json(call: Call, issue: Json) -> list[Json]:
    """Show the labels of an issue; one that was deleted is on no issue any more."""
    by_id = {label["id"]: label for label in call.repository["labels"].values()}
    return [label_json(call, by_id[number]) for number in issue["labels"] if number in by_id]


def issue_json(call: Call, issue: Json) -> Json:
    """Show an issue, a pull request too."""
    url = call.url("issues", issue["number"])
    kind = "PullRequest" if issue["pull"] else "Issue"
    page = call.html("pull" if issue["pull"] else "issues", issue["number"])
    assignees = [account_json(call, login) for login in issue["assignees"]]
    shown = {
        **{name: issue[name] for name in ("id", "number", "title", "body", "state", "state_reason")},
        **{name: issue[name] for name in ("created_at", "updated_at", "closed_at")},
        "node_id": node_id(kind, issue["id"]),
        "url": url,
        "repository_url": call.url(),
        "labels_url": f"{url}/labels{{/name}}",
        **{f"{name}_url": f"{url}/{name}" for name in ("comments", "events", "timeline")},
        "html_url": page,
        "user": account_json(call, issue["user"]),
        "author_association": association_of(call.store, call.repository, issue["user"]),
        "labels": labels_json(call, issue),
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
        "comments": len(issue["comments"]),
        "closed_by": account_json(call, issue["closed_by"]) if issue["closed_by"] else None,
        "reactions": reactions_json(url),
        "performed_via_github_app": None,
    }
    if issue["pull"]:
        pull = call.url("pulls", issue["number"])
        links = {"url": pull, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
        shown |= {
            "draft": issue["pull"]["draft"],
            "pull_request": links | {"merged_at": issue["pull"]["merged_at"]},
        }
    return shown


def reactions_json(url: str) -> Json:
    """Show that nobody has reacted."""
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(_REACTIONS, 0)}


def issue_of(call: Call) -> Json:
    """Find the issue or pull request that the path names.

    Raises:
        NotFoundError: there is none.
    """
    return found(call.repository["issues"], call.parameters["issue_number"])


@operation("GET", _ISSUES)
def list_issues(call: Call) -> Answer:
    """List issues and pull requests, those that `state`, `labels`, `creator`, `assignee` and `since` name."""
    state = call.query.get("state", "open")
    wanted = {name.strip().lower() for name in call.query.get("labels", "").split(",") if name.strip()}
    issues = [
        issue
        for issue in call.repository["issues"].values()
        if state in {"all", issue["state"]}
        and wanted <= {label["name"].lower() for label in labels_json(call, issue)}
        and call.query.get("creator") in {None, issue["user"]}
        and (call.query.get("assignee", "*") == "*" or call.query["assignee"] in issue["assignees"])
        and issue["updated_at"] >= call.query.get("since", "")
    ]
    return call.page([issue_json(call, issue) for issue in sorted_as_asked(call, issues)])


@operation("POST", _ISSUES)
def create_issue(call: Call) -> Answer:
    """Create an issue, with labels and assignees where given."""
    if not call.repository["settings"].get("has_issues", True):
        raise GoneError("Issues are disabled for this repo")
    issue = new_issue(call)
    _set_people_and_labels(call, issue)
    return Answer(body=issue_json(call, issue), status=201)


@operation("GET", ISSUE)
def get_issue(call: Call) -> Answer:
    """Show an issue."""
    return Answer(body=issue_json(call, issue_of(call)))


@operation("PATCH", ISSUE)
def update_issue(call: Call) -> Answer:
    """Change title, body, state, labels or assignees.

    Raises:
        InvalidFieldsError: a state or a reason that does not exist, or a body that is too long.
        ForbiddenError: the caller neither wrote it nor has write access.
    """
    issue = issue_of(call)
    if issue["user"] != call.viewer and not may_write(call.store, call.repository, call.viewer):
        raise ForbiddenError("Must have admin rights to Repository.")
    issue["title"] = call.optional("title", str, issue["title"])
    issue["body"] = checked_body(call, "Issue", issue["body"] or "") or None
    state = call.optional("state", str, issue["state"])
    reason = call.optional("state_reason", str, "") or None
    if state not in {"open", "closed"} or reason not in {None, *_REASONS}:
        raise InvalidFieldsError({"resource": "Issue", "code": "invalid", "field": "state"})
    if state != issue["state"]:
        change_state(call, issue, state)
    if issue["pull"] is None and "state" in call.body:
        issue["state_reason"] = reason or ("completed" if state == "closed" else "reopened")
    _set_people_and_labels(call, issue)
    issue["updated_at"] = call.store.now()
    return Answer(body=issue_json(call, issue))


def change_state(call: Call, issue: Json, state: str) -> None:
    """Close an issue or open it again."""
    if state == "closed":
        close(call.store, issue, call.viewer)
    else:
        issue |= {"state": "open", "closed_at": None, "closed_by": None}


@operation("GET", _LABELS)
def list_labels(call: Call) -> Answer:
    """List the labels of an issue or pull request."""
    return call.page(labels_json(call, issue_of(call)))


@operation("POST", _LABELS)
def add_labels(call: Call) -> Answer:
    """Put labels on it; names that the repository does not know become labels of it."""
    issue = issue_of(call)
    issue["labels"] = list(dict.fromkeys([*issue["labels"], *_label_ids(call)]))
    return Answer(body=labels_json(call, issue))


@operation("PUT", _LABELS)
def set_labels(call: Call) -> Answer:
    """Replace its labels."""
    issue = issue_of(call)
    issue["labels"] = _label_ids(call)
    return Answer(body=labels_json(call, issue))


@operation("DELETE", _LABELS)
def remove_labels(call: Call) -> Answer:
    """Take off all of its labels."""
    issue_of(call)["labels"] = []
    return NO_CONTENT


@operation("DELETE", _LABELS + "/{name+}")
def remove_label(call: Call) -> Answer:
    """Take off one label, and show the others."""
    issue = issue_of(call)
    label = call.repository["labels"].get(call.parameters["name"].lower())
    if label is None or label["id"] not in issue["labels"]:
        raise NotFoundError("Label does not exist")
    issue["labels"].remove(label["id"])
    return Answer(body=labels_json(call, issue))


@operation("GET", _COMMENTS)
def list_comments(call: Call) -> Answer:
    """List the comments of an issue or pull request, oldest first."""
    issue = issue_of(call)
    comments = [item for item in issue["comments"].values() if item["updated_at"] >= call.query.get("since", "")]
    return call.page([_comment_json(call, issue, comment) for comment in comments])


@operation("POST", _COMMENTS)
def create_comment(call: Call) -> Answer:
    """Comment on an issue or pull request."""
    issue = issue_of(call)
    call.required("body", str)
    comment = {
        "id": call.store.next_id(),
        "body": checked_body(call, "IssueComment"),
        "user": call.viewer,
        "app_id": call.actor.app_id,
        "created_at": call.store.now(),
        "updated_at": call.store.now(),
    }
    issue["comments"][str(comment["id"])] = comment
    issue["updated_at"] = call.store.now()
    return Answer(body=_comment_json(call, issue, comment), status=201)


@operation("GET", _COMMENT)
def get_comment(call: Call) -> Answer:
    """Show a comment."""
    return Answer(body=_comment_json(call, *_located_comment(call)))


@operation("PATCH", _COMMENT)
def update_comment(call: Call) -> Answer:
    """Change the text of a comment."""
    issue, comment = _own_comment(call)
    call.required("body", str)
    comment |= {"body": checked_body(call, "IssueComment"), "updated_at": call.store.now()}
    return Answer(body=_comment_json(call, issue, comment))


@operation("DELETE", _COMMENT)
def delete_comment(call: Call) -> Answer:
    """Delete a comment."""
    issue, comment = _own_comment(call)
    del issue["comments"][str(comment["id"])]
    return NO_CONTENT


def _located_comment(call: Call) -> tuple[Json, Json]:
    for issue in call.repository["issues"].values():
        if call.parameters["comment_id"] in issue["comments"]:
            return issue, issue["comments"][call.parameters["comment_id"]]
    raise NotFoundError


def _own_comment(call: Call) -> tuple[Json, Json]:
    issue, comment = _located_comment(call)
    if comment["user"] != call.viewer and not may_write(call.store, call.repository, call.viewer):
        raise ForbiddenError("Must have admin rights to Repository.")
    return issue, comment


def _set_people_and_labels(call: Call, issue: Json) -> None:
    if call.body.get("labels") is not None:
        issue["labels"] = _label_ids(call)
    if call.body.get("assignees") is not None:
        logins = [str(login) for login in call.optional("assignees", list, [])]
        issue["assignees"] = [call.store.user(login)["login"] for login in logins]


def _label_ids(call: Call) -> list[int]:
    """Find the labels of the body, by name or by an object with a name; what is new is created."""
    given = call.optional("labels", list, [])
    names = [entry["name"] if isinstance(entry, dict) and "name" in entry else entry for entry in given]
    if not all(isinstance(name, str) for name in names):
        raise InvalidFieldsError({"resource": "Label", "code": "invalid", "field": "name"})
    labels = call.repository["labels"]
    return list(dict.fromkeys((labels.get(name.lower()) or add_label(call, name))["id"] for name in names))


def _comment_json(call: Call, issue: Json, comment: Json) -> Json:
    url = call.url("issues", "comments", comment["id"])
    page = call.html("pull" if issue["pull"] else "issues", issue["number"])
    app = app_json(call, call.store.app(comment["app_id"])) if comment["app_id"] else None
    return {
        **{name: comment[name] for name in ("id", "body", "created_at", "updated_at")},
        "node_id": node_id("IssueComment", comment["id"]),
        "url": url,
        "html_url": f"{page}#issuecomment-{comment['id']}",
        "issue_url": call.url("issues", issue["number"]),
        "user": account_json(call, comment["user"]),
        "author_association": association_of(call.store, call.repository, comment["user"]),
        "performed_via_github_app": app,
        "reactions": reactions_json(url),
    }
