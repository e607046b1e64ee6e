"""What every write of the local GitHub changes, and where that shows.

Each operation that changes something has a step in `steps` or `merging_steps`, which names the reads that tell of it.
Each operation that reads is named by some step, or has its answer follow what GitHub was seeded with (SEEDED), or
stands in CONSTANT with the reason why its answer is always the same.
"""

from collections.abc import Iterator
from typing import Any

import httpx

from localcloud.github.catalogue import OPERATIONS, find
from localcloud.github.operations import Operation
from tests.localcloud.github.merging_steps import MERGING_STEPS
from tests.localcloud.github.steps import BY_ID, STEPS, E, Known, P, R, Step

# The reads that no write here changes, each with the path that the two seeds of `test_effects` answer differently.
SEEDED: dict[str, str] = {
    "GET /user": "/user",
    "GET /users/{username}": "/users/bob",
    "GET /orgs/{org}": "/orgs/mano-app",
    "GET /orgs/{org}/teams": "/orgs/mano-app/teams",
    "GET /orgs/{org}/teams/{team_slug}": "/orgs/mano-app/teams/core",
    "GET /orgs/{org}/teams/{team_slug}/members": "/orgs/mano-app/teams/core/members",
    "GET /organizations/{org_id}/team/{team_id}/members": "/organizations/{organization}/team/{core}/members",
    "GET /repos/{owner}/{repo}/actions/workflows": f"{R}/actions/workflows",
    "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}": f"{R}/actions/workflows/ci.yml",
    "GET /repos/{owner}/{repo}/codeowners/errors": f"{R}/codeowners/errors",
    "GET /repos/{owner}/{repo}/actions/secrets/public-key": f"{R}/actions/secrets/public-key",
    "GET /repos/{owner}/{repo}/environments/{environment_name}/secrets/public-key": f"{E}/secrets/public-key",
    "GET /repositories/{repository_id}/environments/{environment_name}/secrets/public-key": (
        f"{BY_ID}/secrets/public-key"
    ),
    "GET /repos/{owner}/{repo}/branches/{branch}/protection": P,
    "GET /repos/{owner}/{repo}/branches/{branch}/protection/enforce_admins": f"{P}/enforce_admins",
    "GET /repos/{owner}/{repo}/branches/{branch}/protection/required_signatures": f"{P}/required_signatures",
    "GET /repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks": f"{P}/required_status_checks",
    "GET /repos/{owner}/{repo}/branches/{branch}/protection/required_pull_request_reviews": (
        f"{P}/required_pull_request_reviews"
    ),
    "GET /repos/{owner}/{repo}/branches/{branch}/protection/restrictions": f"{P}/restrictions",
}
CONSTANT: dict[str, tuple[str, str]] = {
    "GET /meta": ("/meta", "the host is the machine's own"),
    "GET /users/{username}/keys": ("/users/bob/keys", "nobody has keys"),
    "GET /users/{username}/gpg_keys": ("/users/bob/gpg_keys", "nobody has keys"),
    "GET /orgs/{org}/rulesets": ("/orgs/mano-app/rulesets", "no organisation has rulesets of its own"),
}
# What never answers with success.
REFUSED: dict[str, str] = {"GET /orgs/{org}/audit-log": "404, or 501 where the plan has such a log"}


def tell_story(github: Any, known: Known) -> Iterator[str]:
    """Take every step, and say of each that went wrong what did."""
    for step in (*STEPS, *MERGING_STEPS):
        method, _, template = step.call.partition(" ")
        client = _client(github, step.login)
        body = step.body(client, known) if callable(step.body) else step.body
        before = _looks(github, step, known)
        answer = client(method, template.format_map(known), body)
        if step.keeps:
            known[step.keeps] = answer.json().get(step.number)
        if answer.status_code != step.status:
            yield f"{step.call} answered {answer.status_code} in place of {step.status}: {answer.text}"
        after = _looks(github, step, known)
        for path in step.shows:
            if _told(before[path]) == _told(after[path]):
                yield f"{step.call} answered {answer.status_code}, and GET {path} tells nothing of it"
            if not (before[path].is_success or after[path].is_success):
                yield f"GET {path} answers {after[path].status_code} before and after {step.call}: {after[path].text}"
        if not step.shows:
            yield f"{step.call} names nothing that it changes"


def missing() -> Iterator[str]:
    """Name the operations whose effect nothing shows, each with what to do about it."""
    written = {_operation(*step.call.split(" ", 1)) for step in (*STEPS, *MERGING_STEPS)}
    shown = {_operation("GET", path) for step in (*STEPS, *MERGING_STEPS) for path in step.shows}
    excused = {*SEEDED, *CONSTANT, *REFUSED}
    for operation in OPERATIONS:
        name = f"{operation.method} {operation.template.replace('+', '')}"
        if operation.method != "GET" and operation not in written and name not in excused:
            yield f"{name}: add a Step to `steps` or `merging_steps` whose `shows` names the reads that it changes"
        if operation.method == "GET" and operation not in shown and name not in excused:
            yield (
                f"{name}: name it in the `shows` of a Step that changes its answer; or put it into SEEDED, where what "
                "it tells is only seeded, or into CONSTANT with the reason why it never changes"
            )


def _client(github: Any, login: str) -> Any:
    if login.endswith("[bot]"):
        return github.app(login.removesuffix("[bot]"))
    return github.user(login) if login else github


def _looks(github: Any, step: Step, known: Known) -> dict[str, httpx.Response]:
    reader = _client(github, step.reader)
    return {path: reader("GET", path.format_map(known)) for path in step.shows}


def _told(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json() if answer.content else None


def _operation(method: str, path: str) -> Operation:
    return find(method, path.partition("?")[0])[0]
