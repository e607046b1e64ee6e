"""Reviews of pull requests, and the comments on lines that they consist of."""

from typing import Any

from localcloud.github.accounts import account_json
from localcloud.github.branch_policies import ABOUT_PROTECTION
from localcloud.github.errors import ForbiddenError, InvalidFieldsError, NotFoundError, UnprocessableError
from localcloud.github.issues import checked_body, reactions_json
from localcloud.github.node_ids import node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.protections import is_among, rule_for
from localcloud.github.pull_requests import PULL, comment_links, pull_of
from localcloud.github.roles import association_of, may_write
from localcloud.github.store import Json, found

_REVIEWS = PULL + "/reviews"
_REVIEW = _REVIEWS + "/{review_id}"
_COMMENTS = PULL + "/comments"
_COMMENT = REPOSITORY + "/pulls/comments/{comment_id}"
_EVENTS = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@operation("GET", _REVIEWS)
def list_reviews(call: Call) -> Answer:
    """List the reviews, oldest first; one that is not submitted only to its author."""
    issue = pull_of(call)
    reviews = issue["pull"]["reviews"].values()
    return call.page(
        [
            _review_json(call, issue, item)
            for item in reviews
            if item["state"] != "PENDING" or item["user"] == call.viewer
        ]
    )


@operation("POST", _REVIEWS)
def create_review(call: Call) -> Answer:
    """Review a pull request, with comments on lines; without an event the review waits to be submitted.

    Raises:
        InvalidFieldsError: the author approves or refuses the own pull request, or there is no text.
    """
    issue = pull_of(call)
    sha = call.optional("commit_id", str, issue["pull"]["head"]["sha"])
    if call.git.sha(sha) != sha:
        raise InvalidFieldsError("Commit is not part of the pull request")
    review = {
        "id": call.store.next_id(),
        "user": call.viewer,
        "state": "PENDING",
        "body": checked_body(call, "PullRequestReview"),
        "commit_id": sha,
        "submitted_at": None,
    }
    comments = call.objects("comments", [])
    if call.body.get("event") is not None:
        _submit(call, issue, review, has_comments=bool(comments))
    issue["pull"]["reviews"][str(review["id"])] = review
    for entry in comments:
        _add_comment(call, issue, review, entry | {"commit_id": sha})
    return Answer(body=_review_json(call, issue, review))


@operation("GET", _REVIEW)
def get_review(call: Call) -> Answer:
    """Show a review."""
    issue = pull_of(call)
    return Answer(body=_review_json(call, issue, _review(call, issue)))


@operation("POST", _REVIEW + "/events")
def submit_review(call: Call) -> Answer:
    """Submit a review that was begun."""
    issue = pull_of(call)
    review = _review(call, issue)
    if review["state"] != "PENDING" or review["user"] != call.viewer:
        raise InvalidFieldsError("Could not submit pull request review.")
    call.required("event", str)
    review["body"] = checked_body(call, "PullRequestReview", review["body"])
    _submit(
        call, issue, review, has_comments=any(c["review"] == review["id"] for c in issue["pull"]["comments"].values())
    )
    return Answer(body=_review_json(call, issue, review))


@operation("PUT", _REVIEW + "/dismissals")
def dismiss_review(call: Call) -> Answer:
    """Let a review count no longer.

    Raises:
        UnprocessableError: it neither approves nor requests changes.
        ForbiddenError: the caller has no write access, or the branch restricts who may.
    """
    issue = pull_of(call)
    review = _review(call, issue)
    call.required("message", str)
    rule = rule_for(call.repository, issue["pull"]["base"]["ref"])
    restricted = rule is not None and rule["restrictsReviewDismissals"]
    if not may_write(call.store, call.repository, call.viewer) or (
        rule is not None and restricted and not is_among(call.store, rule["reviewDismissalActorIds"], call.actor)
    ):
        raise ForbiddenError(f"You are not authorized to dismiss this review. See {ABOUT_PROTECTION}.")
    if review["state"] not in {"APPROVED", "CHANGES_REQUESTED"}:
        raise UnprocessableError(f"Can not dismiss a {review['state'].lower()} pull request review")
    review["state"] = "DISMISSED"
    return Answer(body=_review_json(call, issue, review))


@operation("GET", _COMMENTS)
def list_comments(call: Call) -> Answer:
    """List the comments on lines, oldest first."""
    issue = pull_of(call)
    return call.page([_comment_json(call, issue, comment) for comment in issue["pull"]["comments"].values()])


@operation("POST", _COMMENTS)
def create_comment(call: Call) -> Answer:
    """Comment on a line or a file of a pull request, which is a review of its own, or answer (`in_reply_to`)."""
    issue = pull_of(call)
    call.required("body", str)
    if call.body.get("in_reply_to") is not None:
        return _reply(call, issue, str(call.required("in_reply_to", int)))
    review = {
        "id": call.store.next_id(),
        "user": call.viewer,
        "state": "COMMENTED",
        "body": "",
        "commit_id": call.required("commit_id", str),
        "submitted_at": call.store.now(),
    }
    issue["pull"]["reviews"][str(review["id"])] = review
    return Answer(body=_comment_json(call, issue, _add_comment(call, issue, review, call.body)), status=201)


@operation("POST", _COMMENTS + "/{comment_id}/replies")
def reply_to_comment(call: Call) -> Answer:
    """Answer a comment on a line."""
    call.required("body", str)
    return _reply(call, pull_of(call), call.parameters["comment_id"])


@operation("GET", _COMMENT)
def get_comment(call: Call) -> Answer:
    """Show a comment on a line."""
    return Answer(body=_comment_json(call, *_located_comment(call)))


@operation("DELETE", _COMMENT)
def delete_comment(call: Call) -> Answer:
    """Delete a comment on a line."""
    issue, comment = _located_comment(call)
    if comment["user"] != call.viewer and not may_write(call.store, call.repository, call.viewer):
        raise ForbiddenError("Must have admin rights to Repository.")
    del issue["pull"]["comments"][str(comment["id"])]
    return NO_CONTENT


def _review(call: Call, issue: Json) -> Json:
    return found(issue["pull"]["reviews"], call.parameters["review_id"])


def _submit(call: Call, issue: Json, review: Json, *, has_comments: bool) -> None:
    event, workflow = call.required("event", str), call.repository["actions"].get("workflow", {})
    if event not in _EVENTS:
        raise UnprocessableError("Invalid request.\n\nFor 'properties/event', not a possible value.")
    if issue["user"] == call.viewer and event != "COMMENT":
        verb = "approve" if event == "APPROVE" else "request changes on"
        raise InvalidFieldsError(f"Review Can not {verb} your own pull request", message="Unprocessable Entity")
    allowed = workflow.get("can_approve_pull_request_reviews", False)
    if call.viewer == "github-actions[bot]" and event == "APPROVE" and not allowed:
        sentence = "GitHub Actions is not permitted to approve pull requests."
        raise InvalidFieldsError(sentence, message="Unprocessable Entity")
    if event != "APPROVE" and not review["body"] and not has_comments:
        raise InvalidFieldsError("Review body can't be blank", message="Unprocessable Entity")
    review |= {"state": _EVENTS[event], "submitted_at": call.store.now(), "commit_id": issue["pull"]["head"]["sha"]}
    pull = issue["pull"]
    pull["reviewers"] = [login for login in pull["reviewers"] if login != call.viewer]
    teams = {slug: call.store.team(call.repository["owner"], slug)["members"] for slug in pull["teams"]}
    pull["teams"] = [slug for slug, members in teams.items() if call.viewer not in members]
    issue["updated_at"] = call.store.now()


def _add_comment(call: Call, issue: Json, review: Json, given: Json) -> Json:
    """Keep a comment on a line; the hunk is the part of the file's change that holds it."""
    pull, path, line = issue["pull"], given.get("path"), given.get("line", given.get("position"))
    base = call.git.merge_base(pull["base"]["sha"], pull["head"]["sha"]) or pull["base"]["sha"]
    change = next(
        (item for item in call.git.changes(base, pull["head"]["sha"], patches=True) if item.path == path), None
    )
    if change is None:
        refused = {
            "resource": "PullRequestReviewComment",
            "code": "invalid",
            "field": "pull_request_review_thread.path",
        }
        raise InvalidFieldsError(refused)
    is_file = given.get("subject_type") == "file"
    if not is_file and type(line) is not int:
        refused = {"resource": "PullRequestReviewComment", "code": "missing_field", "field": "line"}
        raise InvalidFieldsError(refused)
    comment: dict[str, Any] = {
        "id": call.store.next_id(),
        "review": review["id"],
        "user": call.viewer,
        "body": str(given.get("body") or ""),
        "path": path,
        "line": None if is_file else line,
        "side": given.get("side", "RIGHT"),
        "commit_id": given["commit_id"],
        "hunk": change.patch or "",
        "in_reply_to_id": None,
        "resolved_by": None,
        "created_at": call.store.now(),
        "updated_at": call.store.now(),
    }
    pull["comments"][str(comment["id"])] = comment
    return comment


def _reply(call: Call, issue: Json, number: str) -> Answer:
    first = found(issue["pull"]["comments"], number)
    review = {"id": call.store.next_id(), "user": call.viewer, "state": "COMMENTED", "body": ""}
    review |= {"commit_id": first["commit_id"], "submitted_at": call.store.now()}
    issue["pull"]["reviews"][str(review["id"])] = review
    reply = first | {
        "id": call.store.next_id(),
        "review": review["id"],
        "user": call.viewer,
        "body": call.required("body", str),
        "in_reply_to_id": first["in_reply_to_id"] or first["id"],
        "created_at": call.store.now(),
        "updated_at": call.store.now(),
    }
    issue["pull"]["comments"][str(reply["id"])] = reply
    return Answer(body=_comment_json(call, issue, reply), status=201)


def _located_comment(call: Call) -> tuple[Json, Json]:
    for issue in call.repository["issues"].values():
        if issue["pull"] and call.parameters["comment_id"] in issue["pull"]["comments"]:
            return issue, issue["pull"]["comments"][call.parameters["comment_id"]]
    raise NotFoundError


def _review_json(call: Call, issue: Json, review: Json) -> Json:
    submitted = {"submitted_at": review["submitted_at"]} if review["submitted_at"] else {}
    return {
        **{name: review[name] for name in ("id", "state", "body", "commit_id")},
        "node_id": node_id("PullRequestReview", review["id"]),
        "user": account_json(call, review["user"]),
        "author_association": association_of(call.store, call.repository, review["user"]),
        **comment_links(call, issue, f"pullrequestreview-{review['id']}"),
        **submitted,
    }


def _comment_json(call: Call, issue: Json, comment: Json) -> Json:
    url = call.url("pulls", "comments", comment["id"])
    links = comment_links(call, issue, f"discussion_r{comment['id']}")
    reply = {"in_reply_to_id": comment["in_reply_to_id"]} if comment["in_reply_to_id"] else {}
    return {
        **{name: comment[name] for name in ("id", "body", "path", "side", "commit_id", "created_at", "updated_at")},
        "node_id": node_id("PullRequestReviewComment", comment["id"]),
        "url": url,
        "pull_request_review_id": comment["review"],
        "diff_hunk": comment["hunk"],
        "line": comment["line"],
        "original_line": comment["line"],
        "position": comment["line"],
        "original_position": comment["line"],
        "start_line": None,
        "original_start_line": None,
        "start_side": None,
        "subject_type": "line" if comment["line"] else "file",
        "original_commit_id": comment["commit_id"],
        "user": account_json(call, comment["user"]),
        "author_association": association_of(call.store, call.repository, comment["user"]),
        "reactions": reactions_json(url),
        **links,
        "_links": links["_links"] | {"self": {"href": url}},
        **reply,
    }
