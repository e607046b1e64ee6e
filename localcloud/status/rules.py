"""The rules of branches and environments in words that a person reads."""

from collections.abc import Callable
from typing import Any

from localcloud.github.node_ids import parse_node_id
from localcloud.github.store import ACTIONS_APP, Json

_ROLES = {2: "maintainers", 4: "people who may push", 5: "administrators"}  # GitHub's numbers
# What a review has to fulfil: a protection rule's name of it, a ruleset's, and the words.
_REVIEWS = (
    ("requiresCodeOwnerReviews", "require_code_owner_review", "approval of the code owner where a file has one"),
    ("requireLastPushApproval", "require_last_push_approval", "the last push approved by somebody else"),
    ("dismissesStaleReviews", "dismiss_stale_reviews_on_push", "a new commit takes approvals back"),
    ("requiresConversationResolution", "required_review_thread_resolution", "conversations resolved"),
)
_ENFORCED = {"active": "enforced", "evaluate": "tried out, not enforced", "disabled": "switched off"}
_DAY, _HOUR = 1440, 60  # minutes


class People:
    """Finds the names behind the numbers that rules hold."""

    def __init__(self, state: Json) -> None:
        """Take the whole state of the local GitHub."""
        self._users: dict[int, str] = {item["id"]: item["login"] for item in state["users"].values()}
        self._teams = {item["id"]: f"team {item['slug']}" for item in state["teams"].values()}
        self._apps: dict[int, str] = {app["id"]: app["name"] for app in [ACTIONS_APP, *state["apps"].values()]}

    def actor(self, identifier: str) -> str:
        """Name the user, team or app of a global id."""
        kind, number = parse_node_id(identifier) or ("", 0)
        return self.reviewer(kind, number)

    def reviewer(self, kind: str, number: int) -> str:
        """Name a user, team or app by its kind and number."""
        names = {"User": self._users, "Team": self._teams}.get(kind, self._apps)
        return names.get(number) or f"{kind or 'somebody'} {number}".lower()


def protection(rule: Json, people: People) -> list[str]:
    """Say what a branch protection rule demands, the most important first."""

    def named(field: str) -> str:
        return enumerated([people.actor(identifier) for identifier in rule[field]])

    words: list[str] = []
    if rule["requiresApprovingReviews"]:
        words.append(_approvals(rule["requiredApprovingReviewCount"] or 0))
    _add(words, rule["requiresStatusChecks"] and rule["requiresStrictStatusChecks"], "up to date with the branch")
    if rule["requiresStatusChecks"] and rule["checks"]:
        words.append(_checks([(check["context"], check["app_id"]) for check in rule["checks"]], people))
    if rule["restrictsPushes"]:
        pushers = named("pushActorIds")
        words.append(f"only administrators and {pushers} push" if pushers else "only admins push")
    _add(words, rule["blocksCreations"], "nobody else creates such a branch")
    words += [word for name, _, word in _REVIEWS if rule[name]]
    if rule["restrictsReviewDismissals"]:
        words.append(f"reviews dismissed only by {named('reviewDismissalActorIds') or 'administrators'}")
    _add(words, rule["requiresCommitSignatures"], "signed commits")
    _add(words, rule["requiresLinearHistory"], "no merge commits")
    if rule["requiresDeployments"]:
        words.append(f"deployed before to {enumerated(rule['requiredDeploymentEnvironments']) or 'no environment'}")
    _add(words, rule["lockBranch"], "nobody pushes: the branch is locked")
    if rule["bypassPullRequestActorIds"]:
        words.append(f"{named('bypassPullRequestActorIds')} may push without a pull request")
    if rule["allowsForcePushes"]:
        words.append(f"force pushes by {named('bypassForcePushActorIds') or 'everybody who may push'}")
    _add(words, rule["allowsDeletions"], "the branch may be deleted")
    words.append("administrators included" if rule["isAdminEnforced"] else "administrators may pass over it")
    return words


def ruleset(given: Json, people: People) -> list[str]:
    """Say what a ruleset demands."""
    words: list[str] = []
    for rule in given["rules"]:
        parameters = rule.get("parameters") or {}
        say = _RULES.get(rule["type"])
        words += say(parameters, people) if say else [rule["type"].replace("_", " ")]
    passing = [_passing(actor, people) for actor in given["bypass_actors"]]
    return [*words, *([f"not for {enumerated(passing)}"] if passing else [])]


def ruleset_scope(given: Json) -> str:
    """Say what a ruleset is about: the branches or tags, and whether it is enforced."""
    names = (given["conditions"] or {}).get("ref_name") or {}
    included, excluded = (
        enumerated([_ref(name) for name in names.get(which) or []]) for which in ("include", "exclude")
    )
    scope = f"{given['target']}: {included}" if included else f"no {given['target']}"
    enforced = _ENFORCED.get(given["enforcement"], given["enforcement"])
    return f"{scope}{f', but not {excluded}' if excluded else ''}; {enforced}"


def environment(given: Json, people: People) -> list[str]:
    """Say who approves a deployment to an Actions environment, and from where one may come."""
    words: list[str] = []
    reviewers = [people.reviewer(reviewer["type"], reviewer["id"]) for reviewer in given["reviewers"]]
    if reviewers:
        words.append(f"approval of {enumerated(reviewers, 'or')}")
        _add(words, given["prevent_self_review"], "not by who started the deployment")
    if given["wait_timer"]:
        words.append(f"waits {_duration(given['wait_timer'])}")
    policy = given["deployment_branch_policy"]
    if policy is None:
        words.append("any branch deploys")
    elif policy.get("protected_branches"):
        words.append("only protected branches deploy")
    else:
        names = [f"{item['type']} {item['name']}" for item in given["policies"].values()]
        words.append(f"only {enumerated(names)} deploys" if names else "no branch deploys")
    if reviewers or given["wait_timer"]:
        words.append("administrators may skip this" if given["can_admins_bypass"] else "administrators included")
    return words


def enumerated(names: list[str], last: str = "and") -> str:
    """Join names as a sentence does."""
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _pull_request(parameters: Json, _: People) -> list[str]:
    words = [_approvals(parameters.get("required_approving_review_count") or 0)]
    words += [word for _, name, word in _REVIEWS if parameters.get(name)]
    methods = parameters.get("allowed_merge_methods") or []
    if methods:
        words.append(f"merged by {enumerated(methods, 'or')} only")
    return words


def _status_checks(parameters: Json, people: People) -> list[str]:
    words: list[str] = []
    _add(words, parameters.get("strict_required_status_checks_policy"), "up to date with the branch")
    given = parameters.get("required_status_checks") or []
    checks = [(str(check.get("context")), check.get("integration_id")) for check in given]
    return [*words, *([_checks(checks, people)] if checks else [])]


_RULES: dict[str, Callable[[Json, People], list[str]]] = {
    "pull_request": _pull_request,
    "required_status_checks": _status_checks,
    "creation": lambda *_: ["nobody creates one"],
    "update": lambda *_: ["nobody pushes"],
    "deletion": lambda *_: ["no deletion"],
    "non_fast_forward": lambda *_: ["no force pushes"],
    "required_linear_history": lambda *_: ["no merge commits"],
    "required_signatures": lambda *_: ["signed commits"],
}


def _checks(checks: list[tuple[str, int | None]], people: People) -> str:
    """Name the checks, together those that the same app has to report."""
    groups: dict[int | None, list[str]] = {}
    for context, app in sorted(checks, key=lambda check: check[0]):
        groups.setdefault(app, []).append(context)
    parts = [
        f"{enumerated(names)} of {people.reviewer('app', app)}" if app is not None else enumerated(names)
        for app, names in groups.items()
    ]
    return f"{'check' if len(checks) == 1 else 'checks'} {'; '.join(parts)}"


def _passing(actor: Json, people: People) -> str:
    kind = str(actor.get("actor_type"))
    number: int = actor.get("actor_id") or 0
    if kind == "RepositoryRole":
        name = _ROLES.get(number, f"the role {number}")
    elif kind in {"Team", "User", "Integration"}:
        name = people.reviewer(kind, number)
    else:
        name = {"OrganizationAdmin": "the organisation's owners", "DeployKey": "deploy keys"}.get(kind, kind)
    return f"{name} in a pull request" if actor.get("bypass_mode") == "pull_request" else name


def _approvals(count: int) -> str:
    return {0: "a pull request, no approval", 1: "1 approval"}.get(count, f"{count} approvals")


def _ref(name: str) -> str:
    known = {"~DEFAULT_BRANCH": "the default branch", "~ALL": "all"}
    return known.get(name, name.removeprefix("refs/heads/").removeprefix("refs/tags/"))


def _duration(minutes: int) -> str:
    count, unit = next(
        (minutes // size, unit) for size, unit in ((_DAY, "day"), (_HOUR, "hour"), (1, "minute")) if minutes % size == 0
    )
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _add(words: list[str], condition: Any, word: str) -> None:
    if condition:
        words.append(word)
