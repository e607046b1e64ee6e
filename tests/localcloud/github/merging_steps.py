"""The writes around pull requests, in an order in which each succeeds; the branches one and two are pushed before."""

from tests.localcloud.github.steps import R, Step

_PULL = f"{R}/pulls/{{pull}}"
_REVIEW = f"{_PULL}/reviews/{{review}}"
_COMMENT = f"{R}/pulls/comments/{{comment}}"
_ISSUE = f"{R}/issues/{{issue}}"
_NOTE = f"{R}/issues/comments/{{note}}"
_HEAD = f"{R}/commits/{{first}}"
_RUN = f"{R}/check-runs/{{run}}"
_BOT = "github-actions[bot]"

MERGING_STEPS: tuple[Step, ...] = (
    Step(
        f"POST {R}/pulls",
        {"title": "First", "head": "effects/first", "base": "main"},
        (_PULL, f"{R}/pulls?state=all&per_page=100", f"{_HEAD}/pulls", f"{_PULL}/files", f"{_PULL}/commits"),
        keeps="pull",
        number="number",
        status=201,
        login="bob",
    ),
    Step(f"PATCH {_PULL}", {"title": "Changed"}, (_PULL,)),
    Step(f"POST {_PULL}/requested_reviewers", {"reviewers": ["ada"]}, (f"{_PULL}/requested_reviewers",), status=201),
    Step(f"DELETE {_PULL}/requested_reviewers", {"reviewers": ["ada"]}, (f"{_PULL}/requested_reviewers",)),
    Step(f"POST {_PULL}/reviews", {"body": "Good"}, (f"{_PULL}/reviews", _REVIEW), keeps="review"),
    Step(f"POST {_REVIEW}/events", {"event": "APPROVE"}, (_REVIEW,)),
    Step(f"PUT {_REVIEW}/dismissals", {"message": "Too early"}, (_REVIEW,)),
    Step(
        f"POST {_PULL}/comments",
        lambda _, known: {"body": "Why?", "commit_id": known["first"], "path": "effects/first/file", "line": 1},
        (f"{_PULL}/comments",),
        keeps="comment",
        status=201,
    ),
    Step(f"POST {_PULL}/comments/{{comment}}/replies", {"body": "Because"}, (f"{_PULL}/comments",), status=201),
    Step(f"DELETE {_COMMENT}", None, (_COMMENT,), status=204),
    Step(
        f"POST {R}/check-runs",
        lambda _, known: {"name": "tests", "head_sha": known["first"]},
        (_RUN, f"{_HEAD}/check-runs"),
        keeps="run",
        status=201,
        login=_BOT,
    ),
    Step(f"PATCH {_RUN}", {"conclusion": "success"}, (_RUN,), login=_BOT),
    Step(
        f"POST {R}/statuses/{{first}}",
        {"state": "success", "context": "effects"},
        (f"{_HEAD}/status", f"{_HEAD}/statuses"),
        status=201,
    ),
    Step(
        f"POST {R}/merges",
        {"base": "main", "head": "effects/second"},
        (f"{R}/commits?per_page=1", f"{R}/contents", f"{R}/contents/effects/second", f"{R}/compare/main...{{second}}"),
        status=201,
    ),
    Step(f"PUT {_PULL}/update-branch", {}, (f"{_PULL}/commits",), status=202),
    Step(f"PUT {_PULL}/merge", {}, (f"{_PULL}/merge", _PULL)),
    Step(
        f"POST {R}/issues",
        {"title": "Drift"},
        (f"{R}/issues?per_page=100", _ISSUE),
        keeps="issue",
        number="number",
        status=201,
    ),
    Step(f"PATCH {_ISSUE}", {"state": "closed"}, (_ISSUE,)),
    Step(f"POST {_ISSUE}/labels", {"labels": ["bug"]}, (f"{_ISSUE}/labels",)),
    Step(f"PUT {_ISSUE}/labels", {"labels": ["question", "invalid"]}, (f"{_ISSUE}/labels",)),
    Step(f"DELETE {_ISSUE}/labels/question", None, (f"{_ISSUE}/labels",)),
    Step(f"DELETE {_ISSUE}/labels", None, (f"{_ISSUE}/labels",), status=204),
    Step(f"POST {_ISSUE}/comments", {"body": "one"}, (f"{_ISSUE}/comments", _NOTE), keeps="note", status=201),
    Step(f"PATCH {_NOTE}", {"body": "two"}, (_NOTE,)),
    Step(f"DELETE {_NOTE}", None, (_NOTE,), status=204),
    Step(f"POST {R}/forks", {"default_branch_only": True}, (f"{R}/forks",), status=202, login="bob", reader="bob"),
)
