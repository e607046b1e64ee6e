"""Branch protection rules: kept as GraphQL names them, shown by REST as well."""

import re
from typing import Any

from localcloud.github.accounts import account_json, app_json, team_json
from localcloud.github.errors import ForbiddenError, NotFoundError, UnprocessableError
from localcloud.github.node_ids import parse_node_id
from localcloud.github.operations import REPOSITORY, Answer, Call, operation
from localcloud.github.plans import plan_of
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken

FLAGS = (
    "allowsDeletions", "allowsForcePushes", "blocksCreations", "dismissesStaleReviews", "isAdminEnforced",
    "lockAllowsFetchAndMerge", "lockBranch", "requireLastPushApproval", "requiresApprovingReviews",
    "requiresCodeOwnerReviews", "requiresCommitSignatures", "requiresConversationResolution", "requiresDeployments",
    "requiresLinearHistory", "requiresStatusChecks", "requiresStrictStatusChecks", "restrictsPushes",
    "restrictsReviewDismissals",
)  # fmt: skip
ACTOR_LISTS = ("bypassForcePushActorIds", "bypassPullRequestActorIds", "pushActorIds", "reviewDismissalActorIds")
_OTHERS = ("pattern", "requiredApprovingReviewCount", "requiredDeploymentEnvironments")
_MAX_REVIEWS = 6
_PROTECTION = REPOSITORY + "/branches/{branch+}/protection"


def create_rule(store: Store, repository: Json, given: Json) -> Json:
    """Create a rule from a CreateBranchProtectionRuleInput.

    Raises:
        UnprocessableError: the pattern is taken, an actor is unknown, or a number out of range.
    """
    blank: Json = {
        "id": None,
        "requiredApprovingReviewCount": None,
        "requiredDeploymentEnvironments": [],
        "checks": [],
        **dict.fromkeys(FLAGS, False),
        **{name: [] for name in ACTOR_LISTS},
    }
    rule = _changed(store, repository, blank, given)
    rule["id"] = store.next_id()
    repository["protections"][str(rule["id"])] = rule
    return rule


def update_rule(store: Store, repository: Json, rule: Json, given: Json) -> Json:
    """Change what an UpdateBranchProtectionRuleInput gives; raises as `create_rule` does."""
    changed = _changed(store, repository, rule, given)
    repository["protections"][str(rule["id"])] = changed
    return changed


def rename_pattern(repository: Json, old: str, new: str) -> None:
    """Let the rule for a branch of that very name follow the branch's renaming."""
    for rule in repository["protections"].values():
        if rule["pattern"] == old:
            rule["pattern"] = new


def rule_for(repository: Json, branch: str) -> Json | None:
    """Find the rule that governs a branch: the one of its very name, else the oldest whose pattern matches."""
    rules: list[Json] = sorted(repository["protections"].values(), key=lambda rule: int(rule["id"]))
    exact = [rule for rule in rules if rule["pattern"] == branch]
    matching = [rule for rule in rules if matches(rule["pattern"], branch)]
    return next(iter(exact + matching), None)


def actor(store: Store, identifier: str) -> tuple[str, Json]:
    """Find the user, team or app of a global id, together with its GraphQL type.

    Raises:
        UnprocessableError: there is none.
    """
    kind, number = parse_node_id(identifier) or ("", 0)
    try:
        if kind == "App":
            return kind, store.app(number)
        return kind, store.by_id({"User": "users", "Team": "teams"}[kind], number)
    except (KeyError, NotFoundError):
        raise UnprocessableError(f"Could not resolve to a node with the global id of '{identifier}'") from None


def is_among(store: Store, identifiers: list[str], who: GitHubToken) -> bool:
    """Tell whether somebody is one of some users, teams and apps, given by their global ids."""
    for identifier in identifiers:
        kind, item = actor(store, identifier)
        if kind == "App" and item["id"] == who.app_id:
            return True
        if kind == "User" and item["login"].lower() == who.login.lower():
            return True
        if kind == "Team" and is_member(item, who):
            return True
    return False


def is_member(team: Json, who: GitHubToken) -> bool:
    """Tell whether somebody belongs to a team."""
    return who.app_id is None and who.login.lower() in {login.lower() for login in team["members"]}


def require_protections(store: Store, repository: Json) -> None:
    """Refuse where the plan has no protected branches: for private repositories of the plan free.

    Raises:
        ForbiddenError: in GitHub's words.
    """
    if repository["private"] and plan_of(store, repository) == "free":
        raise ForbiddenError("Upgrade to GitHub Pro or make this repository public to enable this feature.")


@operation("GET", _PROTECTION)
def get_protection(call: Call) -> Answer:
    """Show the rule that governs a branch; rules are written by GraphQL."""
    return Answer(body=_shown(call))


@operation("GET", _PROTECTION + "/enforce_admins")
def get_admin_enforcement(call: Call) -> Answer:
    """Show whether the rule binds administrators."""
    return Answer(body=_shown(call)["enforce_admins"])


@operation("GET", _PROTECTION + "/required_signatures")
def get_required_signatures(call: Call) -> Answer:
    """Show whether commits have to be signed."""
    return Answer(body=_shown(call)["required_signatures"])


@operation("GET", _PROTECTION + "/required_status_checks")
def get_required_checks(call: Call) -> Answer:
    """Show which checks are required."""
    return _part(call, "required_status_checks", "Required status checks not enabled")


@operation("GET", _PROTECTION + "/required_pull_request_reviews")
def get_required_reviews(call: Call) -> Answer:
    """Show which reviews are required."""
    return _part(call, "required_pull_request_reviews", "Required pull request reviews not enabled")


@operation("GET", _PROTECTION + "/restrictions")
def get_restrictions(call: Call) -> Answer:
    """Show who may push."""
    return _part(call, "restrictions", "Push restrictions not enabled")


def _part(call: Call, name: str, absence: str) -> Answer:
    part = _shown(call).get(name)
    if part is None:
        raise NotFoundError(absence)
    return Answer(body=part)


def _shown(call: Call) -> Json:
    require_protections(call.store, call.repository)
    branch = call.parameters["branch"]
    if call.git.commit(f"refs/heads/{branch}") is None:
        raise NotFoundError("Branch not found")
    rule = rule_for(call.repository, branch)
    if rule is None:
        raise NotFoundError("Branch not protected")
    return _protection_json(call, rule, branch)


def status_checks_json(rule: Json) -> Json:
    """Show which checks a rule requires, and of whom."""
    level = "everyone" if rule["isAdminEnforced"] else "non_admins"
    return {
        "enforcement_level": level if rule["requiresStatusChecks"] else "off",
        "contexts": [check["context"] for check in rule["checks"]],
        "checks": rule["checks"],
    }


def _changed(store: Store, repository: Json, rule: Json, given: Json) -> Json:
    """Apply what is given; null means "leave it" for flags and "nobody" for lists of actors."""
    changed = rule | {name: given[name] for name in (*FLAGS, *_OTHERS) if given.get(name) is not None}
    changed |= {name: given[name] or [] for name in ACTOR_LISTS if name in given}
    if given.get("requiredStatusCheckContexts") is not None:
        changed["checks"] = [{"context": name, "app_id": None} for name in given["requiredStatusCheckContexts"]]
    if given.get("requiredStatusChecks") is not None:
        changed["checks"] = [
            {"context": check["context"], "app_id": _app_number(store, check.get("appId"))}
            for check in given["requiredStatusChecks"]
        ]
    others = [item for item in repository["protections"].values() if item["id"] != rule["id"]]
    if any(item["pattern"] == changed["pattern"] for item in others):
        raise UnprocessableError(f"Name already protected: {changed['pattern']}")
    if not changed["pattern"]:
        raise UnprocessableError("Pattern can't be blank")
    if not 0 <= (changed["requiredApprovingReviewCount"] or 0) <= _MAX_REVIEWS:
        raise UnprocessableError(f"Required approving review count must be between 0 and {_MAX_REVIEWS}")
    for name in ACTOR_LISTS:
        for identifier in changed[name]:
            actor(store, identifier)
    return changed


def _app_number(store: Store, identifier: str | None) -> int | None:
    if identifier in {None, "any"}:
        return None
    number: int = actor(store, str(identifier))[1]["id"]
    return number


def matches(pattern: str, branch: str) -> bool:
    """Match as Ruby's File.fnmatch with FNM_PATHNAME, which GitHub documents for these patterns."""
    tokens = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*|\?)", pattern)
    return re.fullmatch("".join(tokens.get(part, re.escape(part)) for part in parts), branch) is not None


def _protection_json(call: Call, rule: Json, branch: str) -> Json:
    url = call.url("branches", branch, "protection")
    shown: dict[str, Any] = {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": rule["isAdminEnforced"]},
        "required_signatures": {"url": f"{url}/required_signatures", "enabled": rule["requiresCommitSignatures"]},
        "required_linear_history": {"enabled": rule["requiresLinearHistory"]},
        "allow_force_pushes": {"enabled": rule["allowsForcePushes"]},
        "allow_deletions": {"enabled": rule["allowsDeletions"]},
        "block_creations": {"enabled": rule["blocksCreations"]},
        "required_conversation_resolution": {"enabled": rule["requiresConversationResolution"]},
        "lock_branch": {"enabled": rule["lockBranch"]},
        "allow_fork_syncing": {"enabled": rule["lockAllowsFetchAndMerge"]},
    }
    if rule["requiresStatusChecks"]:
        checks = f"{url}/required_status_checks"
        more = {"url": checks, "contexts_url": f"{checks}/contexts", "strict": rule["requiresStrictStatusChecks"]}
        shown["required_status_checks"] = status_checks_json(rule) | more
    if rule["requiresApprovingReviews"]:
        shown["required_pull_request_reviews"] = _reviews_json(call, rule, url)
    if rule["restrictsPushes"]:
        shown["restrictions"] = _actors_json(call, rule["pushActorIds"], f"{url}/restrictions")
    return shown


def _reviews_json(call: Call, rule: Json, url: str) -> Json:
    shown = {
        "url": f"{url}/required_pull_request_reviews",
        "dismiss_stale_reviews": rule["dismissesStaleReviews"],
        "require_code_owner_reviews": rule["requiresCodeOwnerReviews"],
        "required_approving_review_count": rule["requiredApprovingReviewCount"] or 0,
        "require_last_push_approval": rule["requireLastPushApproval"],
    }
    if rule["restrictsReviewDismissals"]:
        restrictions = _actors_json(call, rule["reviewDismissalActorIds"], f"{url}/dismissal_restrictions")
        shown["dismissal_restrictions"] = restrictions
    if rule["bypassPullRequestActorIds"]:
        allowances = _actors_json(call, rule["bypassPullRequestActorIds"], "")
        shown["bypass_pull_request_allowances"] = {name: allowances[name] for name in ("users", "teams", "apps")}
    return shown


def _actors_json(call: Call, identifiers: list[str], url: str) -> Json:
    actors = [actor(call.store, identifier) for identifier in identifiers]
    return {
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in ("users", "teams", "apps")},
        "users": [account_json(call, item["login"]) for kind, item in actors if kind == "User"],
        "teams": [team_json(call, item) for kind, item in actors if kind == "Team"],
        "apps": [app_json(call, item) for kind, item in actors if kind == "App"],
    }
