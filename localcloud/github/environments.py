"""Actions environments, their protection rules and deployment branch policies."""

from typing import Any

from localcloud.github.accounts import account_json, team_json
from localcloud.github.errors import InvalidFieldsError, NotFoundError, UnprocessableError
from localcloud.github.node_ids import node_id
from localcloud.github.operations import ENVIRONMENT, NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.plans import plan_of
from localcloud.github.roles import role_of
from localcloud.github.store import Json, Store, found

_POLICIES = ENVIRONMENT + "/deployment-branch-policies"
_POLICY = _POLICIES + "/{branch_policy_id}"
_MAX_WAIT = 43_200
_MAX_REVIEWERS = 6
_MAX_NAME = 255


def new_environment(store: Store, name: str) -> Json:
    """Make an environment without rules, as a job that names an unknown one does."""
    return {
        "id": store.next_id(),
        "name": name,
        "created_at": store.now(),
        "updated_at": store.now(),
        "gates": {rule: store.next_id() for rule in ("wait_timer", "required_reviewers", "branch_policy")},
        "wait_timer": 0,
        "reviewers": [],
        "prevent_self_review": False,
        "can_admins_bypass": True,
        "deployment_branch_policy": None,
        "policies": {},
        "secrets": {},
        "variables": {},
    }


def environment_of(call: Call) -> Json:
    """Find the environment that the path names; names have no case.

    Raises:
        NotFoundError: there is none.
    """
    return found(call.repository["environments"], call.parameters["environment_name"])


@operation("GET", REPOSITORY + "/environments")
def list_environments(call: Call) -> Answer:
    """List the environments."""
    environments = call.repository["environments"].values()
    return call.page([_environment_json(call, environment) for environment in environments], "environments")


@operation("GET", ENVIRONMENT)
def get_environment(call: Call) -> Answer:
    """Show an environment."""
    return Answer(body=_environment_json(call, environment_of(call)))


@operation("PUT", ENVIRONMENT)
def put_environment(call: Call) -> Answer:
    """Create an environment or replace all of its rules; branch policies and secrets stay.

    Raises:
        UnprocessableError: a value out of range, or a rule that the organisation's plan does not have.
        InvalidFieldsError: a reviewer that does not exist, or who may not even read.
    """
    wait = call.optional("wait_timer", int, 0)
    reviewers = call.objects("reviewers", [])
    policy = call.optional("deployment_branch_policy", dict, {})
    if policy and not all(type(policy.get(name)) is bool for name in ("protected_branches", "custom_branch_policies")):
        raise UnprocessableError("Invalid request.\n\nInvalid property /deployment_branch_policy.")
    if not 0 <= wait <= _MAX_WAIT:
        raise UnprocessableError(f"Wait timer must be between 0 and {_MAX_WAIT}.")
    if len(reviewers) > _MAX_REVIEWERS:
        raise UnprocessableError(f"An environment has at most {_MAX_REVIEWERS} reviewers.")
    if policy and policy.get("protected_branches") is policy.get("custom_branch_policies"):
        raise UnprocessableError("protected_branches and custom_branch_policies cannot have the same value.")
    prevents = call.optional("prevent_self_review", bool, default=False)
    _require_plan(call, {"required reviewers": bool(reviewers) or prevents, "wait timer": wait > 0}, {"enterprise"})
    _require_plan(call, {"branch policy": bool(policy)}, {"team", "enterprise"})
    for reviewer in reviewers:
        _require_reader(call, reviewer)
    name = call.parameters["environment_name"]
    if len(name) > _MAX_NAME:
        raise UnprocessableError(f"An environment's name has at most {_MAX_NAME} characters.")
    environments = call.repository["environments"]
    if name.lower() not in environments:
        environments[name.lower()] = new_environment(call.store, name)
    environment = environments[name.lower()]
    environment |= {
        "updated_at": call.store.now(),
        "wait_timer": wait,
        "reviewers": reviewers,
        "prevent_self_review": prevents,
        "can_admins_bypass": call.optional("can_admins_bypass", bool, default=True),
        "deployment_branch_policy": policy or None,
    }
    return Answer(body=_environment_json(call, environment))


@operation("DELETE", ENVIRONMENT)
def delete_environment(call: Call) -> Answer:
    """Delete an environment with its policies, secrets and variables."""
    environment = environment_of(call)
    del call.repository["environments"][environment["name"].lower()]
    return NO_CONTENT


@operation("GET", _POLICIES)
def list_policies(call: Call) -> Answer:
    """List which branches and tags may deploy."""
    return call.page([_policy_json(policy) for policy in environment_of(call)["policies"].values()], "branch_policies")


@operation("POST", _POLICIES)
def create_policy(call: Call) -> Answer:
    """Allow one more pattern; the one that exists already is pointed at (303).

    Raises:
        NotFoundError: the environment does not take custom policies.
    """
    environment = environment_of(call)
    if not (environment["deployment_branch_policy"] or {}).get("custom_branch_policies"):
        raise NotFoundError
    name, kind = _pattern(call), call.optional("type", str, "branch")
    if kind not in {"branch", "tag"}:
        raise UnprocessableError("Invalid request.\n\nFor 'properties/type', it is not one of branch, tag.")
    for policy in environment["policies"].values():
        if (policy["name"], policy["type"]) == (name, kind):
            return Answer(status=303, headers={"Location": f"{call.api}{call.path}/{policy['id']}"})
    policy = {"id": call.store.next_id(), "name": name, "type": kind}
    environment["policies"][str(policy["id"])] = policy
    return Answer(body=_policy_json(policy))


@operation("GET", _POLICY)
def get_policy(call: Call) -> Answer:
    """Show one policy."""
    return Answer(body=_policy_json(_policy(call)))


@operation("PUT", _POLICY)
def update_policy(call: Call) -> Answer:
    """Change the pattern of a policy."""
    policy = _policy(call)
    policy["name"] = _pattern(call)
    return Answer(body=_policy_json(policy))


@operation("DELETE", _POLICY)
def delete_policy(call: Call) -> Answer:
    """Delete a policy."""
    del environment_of(call)["policies"][str(_policy(call)["id"])]
    return NO_CONTENT


def _pattern(call: Call) -> str:
    name = call.required("name", str)
    if not name.strip():
        raise UnprocessableError("Name can't be blank")
    return name


def _policy(call: Call) -> Json:
    return found(environment_of(call)["policies"], call.parameters["branch_policy_id"])


def _policy_json(policy: Json) -> Json:
    return policy | {"node_id": node_id("DeploymentBranchPolicy", policy["id"])}


def _require_plan(call: Call, rules: dict[str, bool], plans: set[str]) -> None:
    """Private repositories have a rule on certain plans only (docs.github.com, deployment environments)."""
    plan = plan_of(call.store, call.repository)
    for rule, wanted in rules.items():
        if wanted and call.repository["private"] and plan not in plans:
            raise UnprocessableError(
                "Failed to create the environment protection rule. "
                f"Please ensure the billing plan supports the {rule} protection rule."
            )


def _require_reader(call: Call, reviewer: Json) -> None:
    shown = _reviewer_json(call, reviewer)["reviewer"]
    if reviewer["type"] == "User" and role_of(call.store, call.repository, shown["login"]) is None:
        raise InvalidFieldsError({"resource": "Environment", "field": "reviewers", "code": "invalid"})


def _reviewer_json(call: Call, reviewer: Json) -> Json:
    try:
        item = call.store.by_id({"Team": "teams", "User": "users"}[reviewer["type"]], reviewer["id"])
        shown = team_json(call, item) if reviewer["type"] == "Team" else account_json(call, item["login"])
    except (NotFoundError, KeyError):
        raise InvalidFieldsError({"resource": "Environment", "field": "reviewers", "code": "invalid"}) from None
    return {"type": reviewer["type"], "reviewer": shown}


def _environment_json(call: Call, environment: Json) -> Json:
    repository = call.repository
    rules: list[dict[str, Any]] = []
    if environment["wait_timer"]:
        rules.append(_rule(environment, "wait_timer") | {"wait_timer": environment["wait_timer"]})
    if environment["reviewers"]:
        reviewers = [_reviewer_json(call, reviewer) for reviewer in environment["reviewers"]]
        settings = {"prevent_self_review": environment["prevent_self_review"], "reviewers": reviewers}
        rules.append(_rule(environment, "required_reviewers") | settings)
    if environment["deployment_branch_policy"]:
        rules.append(_rule(environment, "branch_policy"))
    return {
        "id": environment["id"],
        "node_id": node_id("Environment", environment["id"]),
        "name": environment["name"],
        "url": call.url("environments", environment["name"]),
        "html_url": f"{call.web}/{repository['owner']}/{repository['name']}/deployments/activity_log"
        f"?environments_filter={environment['name']}",
        "created_at": environment["created_at"],
        "updated_at": environment["updated_at"],
        "can_admins_bypass": environment["can_admins_bypass"],
        "protection_rules": rules,
        "deployment_branch_policy": environment["deployment_branch_policy"],
    }


def _rule(environment: Json, kind: str) -> Json:
    number = environment["gates"][kind]
    return {"id": number, "node_id": node_id("Gate", number), "type": kind}
