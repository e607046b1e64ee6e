"""The open pull requests and how far each is, in words that a person reads."""

from localcloud.github.checks import latest_reports
from localcloud.github.store import Json
from localcloud.status.rules import enumerated


def open_ones(repository: Json) -> list[Json]:
    """List a repository's open pull requests, the newest first."""
    pulls = [issue for issue in repository["issues"].values() if issue["pull"] and issue["state"] == "open"]
    return [_shown(repository, issue) for issue in sorted(pulls, key=lambda issue: -int(issue["number"]))]


def _shown(repository: Json, issue: Json) -> Json:
    pull = issue["pull"]
    own = pull["head"]["repository"] == f"{repository['owner']}/{repository['name']}".lower()
    return {
        "number": issue["number"],
        "title": issue["title"],
        "author": issue["user"],
        "head": pull["head"]["ref"] if own else f"{pull['head']['repository']}:{pull['head']['ref']}",
        "base": pull["base"]["ref"],
        "updated_at": issue["updated_at"],
        "labels": [label["name"] for label in repository["labels"].values() if label["id"] in issue["labels"]],
        "words": [*_standing(pull), *_reviews(pull), *_checks(repository, pull)],
    }


def _standing(pull: Json) -> list[str]:
    conflicts = [f"conflicts with {pull['base']['ref']}"] if pull["mergeable"] is False else []
    return [*(["a draft"] if pull["draft"] else []), *conflicts]


def _reviews(pull: Json) -> list[str]:
    """Say who took which side; of each reviewer the last word counts."""
    sides = {
        review["user"]: review["state"]
        for review in pull["reviews"].values()
        if review["state"] not in {"COMMENTED", "PENDING"}
    }
    asked = [*pull["reviewers"], *(f"team {slug}" for slug in pull["teams"])]
    words = [
        f"{word} {enumerated(names)}"
        for word, names in (
            ("approved by", [login for login, state in sides.items() if state == "APPROVED"]),
            ("changes requested by", [login for login, state in sides.items() if state == "CHANGES_REQUESTED"]),
            ("waits for a review of", asked),
        )
        if names
    ]
    return words or ["not reviewed"]


def _checks(repository: Json, pull: Json) -> list[str]:
    states: dict[str, list[str]] = {}
    for report in latest_reports(repository, pull["head"]["sha"]):
        states.setdefault(report["state"], []).append(report["context"])
    words = {"success": "passed"}
    return [
        f"{'check' if len(names) == 1 else 'checks'} {enumerated(sorted(names))} {words.get(state, state)}"
        for state, names in sorted(states.items())
    ] or ["no check was reported"]
