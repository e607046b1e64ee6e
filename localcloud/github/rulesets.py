"""Repository rulesets."""

from collections.abc import Iterator

from localcloud.github.errors import InvalidFieldsError, NotFoundError, UnprocessableError
from localcloud.github.node_ids import node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.plans import plan_of
from localcloud.github.protections import matches, require_protections
from localcloud.github.store import Json, Store, found

_RULESETS = REPOSITORY + "/rulesets"
_RULESET = _RULESETS + "/{ruleset_id}"
_ENFORCEMENTS = {"disabled", "active", "evaluate"}
_TARGETS = {"branch", "tag", "push"}
# Numbers of GitHub's own roles: maintain, write, admin.
_BYPASSING_ROLES = {2, 4, 5}
_BYPASS_MODES = {"always", "pull_request", "exempt"}
_MAX_APPROVALS = 10
# What the parameters of a rule must have, where there are any, and of which type (the OpenAPI document's schemas).
_PARAMETERS: dict[str, dict[str, type]] = {
    "required_status_checks": {"required_status_checks": list, "strict_required_status_checks_policy": bool},
    "pull_request": {
        "dismiss_stale_reviews_on_push": bool,
        "require_code_owner_review": bool,
        "require_last_push_approval": bool,
        "required_approving_review_count": int,
        "required_review_thread_resolution": bool,
    },
}
_RULE_TYPES = {
    "creation", "update", "deletion", "required_linear_history", "merge_queue", "required_deployments",
    "required_signatures", "pull_request", "required_status_checks", "non_fast_forward", "commit_message_pattern",
    "commit_author_email_pattern", "committer_email_pattern", "branch_name_pattern", "tag_name_pattern", "workflows",
    "code_scanning", "copilot_code_review", "license_compliance_scanning", "file_path_restriction",
    "max_file_path_length", "file_extension_restriction", "max_file_size",
}  # fmt: skip


@operation("GET", _RULESETS)
def list_rulesets(call: Call) -> Answer:
    """List the rulesets, without their rules, as GitHub does."""
    require_protections(call.store, call.repository)
    detail = {"bypass_actors", "conditions", "rules"}
    shown = [_ruleset_json(call, ruleset) for ruleset in call.repository["rulesets"].values()]
    return call.page([{name: item[name] for name in item.keys() - detail} for item in shown])


@operation("POST", _RULESETS)
def create_ruleset(call: Call) -> Answer:
    """Create a ruleset.

    Raises:
        ForbiddenError: the plan has none.
        UnprocessableError: a rule lacks what its type needs.
        InvalidFieldsError: the name is taken, a target, enforcement or rule type is unknown, or a bypasser is nobody.
    """
    call.required("name", str)
    call.required("enforcement", str)
    empty = {"target": "branch", "bypass_actors": [], "conditions": {"ref_name": {"include": [], "exclude": []}}}
    ruleset = _changed(call, {"id": None, "rules": [], "created_at": call.store.now(), **empty})
    ruleset["id"] = call.store.next_id()
    call.repository["rulesets"][str(ruleset["id"])] = ruleset
    return Answer(body=_ruleset_json(call, ruleset), status=201)


@operation("GET", _RULESET)
def get_ruleset(call: Call) -> Answer:
    """Show a ruleset with its rules."""
    require_protections(call.store, call.repository)
    return Answer(body=_ruleset_json(call, _ruleset(call)))


@operation("PUT", _RULESET)
def update_ruleset(call: Call) -> Answer:
    """Change what is given."""
    ruleset = _changed(call, _ruleset(call))
    call.repository["rulesets"][str(ruleset["id"])] = ruleset
    return Answer(body=_ruleset_json(call, ruleset))


@operation("DELETE", _RULESET)
def delete_ruleset(call: Call) -> Answer:
    """Delete a ruleset."""
    del call.repository["rulesets"][str(_ruleset(call)["id"])]
    return NO_CONTENT


@operation("GET", REPOSITORY + "/rules/branches/{branch+}")
def list_branch_rules(call: Call) -> Answer:
    """List the rules of active rulesets that hold for a branch, which need not exist."""
    require_protections(call.store, call.repository)
    repository, ref = call.repository, f"refs/heads/{call.parameters['branch']}"
    origin = {"ruleset_source_type": "Repository", "ruleset_source": f"{repository['owner']}/{repository['name']}"}
    rules = [
        rule | origin | {"ruleset_id": ruleset["id"]}
        for ruleset in repository["rulesets"].values()
        if ruleset["enforcement"] == "active" and governs(repository, ruleset, ref)
        for rule in ruleset["rules"]
    ]
    return call.page(rules)


def governs(repository: Json, ruleset: Json, ref: str) -> bool:
    """Tell whether a ruleset's target and conditions name a ref (full name)."""
    prefix = {"branch": "refs/heads/", "tag": "refs/tags/"}.get(ruleset["target"])
    if prefix is None or not ref.startswith(prefix):
        return False
    names = ruleset["conditions"].get("ref_name", {})

    def named(patterns: list[str]) -> Iterator[bool]:
        for pattern in patterns:
            if pattern == "~DEFAULT_BRANCH":
                yield ref == f"refs/heads/{repository['default_branch']}"
            else:
                yield pattern == "~ALL" or matches(pattern, ref)

    return any(named(names.get("include", []))) and not any(named(names.get("exclude", [])))


def _ruleset(call: Call) -> Json:
    return found(call.repository["rulesets"], call.parameters["ruleset_id"])


def _changed(call: Call, ruleset: Json) -> Json:
    require_protections(call.store, call.repository)
    name = call.optional("name", str, ruleset.get("name", ""))
    enforcement = call.optional("enforcement", str, ruleset.get("enforcement", ""))
    target = call.optional("target", str, ruleset["target"])
    rules = call.objects("rules", ruleset["rules"])
    others = [item for item in call.repository["rulesets"].values() if item["id"] != ruleset["id"]]
    mistakes = [f"Invalid rule '{rule.get('type')}': " for rule in rules if rule.get("type") not in _RULE_TYPES]
    if any(item["name"] == name for item in others):
        mistakes.append("Name must be unique")
    if enforcement not in _ENFORCEMENTS:
        mistakes.append("Enforcement is not included in the list")
    if target not in _TARGETS:
        mistakes.append("Target is not included in the list")
    plan = plan_of(call.store, call.repository)
    if enforcement == "evaluate" and plan != "enterprise":
        mistakes.append("Enforcement evaluate is only available with GitHub Enterprise")
    bypassers = call.objects("bypass_actors", ruleset["bypass_actors"])
    mistakes += [item for item in (_bypasser_mistake(call.store, one) for one in bypassers) if item]
    if mistakes:
        raise InvalidFieldsError(*mistakes)
    for position, rule in enumerate(rules):
        _require_parameters(rule, position)
    return ruleset | {
        "name": name,
        "enforcement": enforcement,
        "target": target,
        "rules": rules,
        "bypass_actors": bypassers,
        "conditions": call.optional("conditions", dict, ruleset["conditions"]),
        "updated_at": call.store.now(),
    }


def _bypasser_mistake(store: Store, entry: Json) -> str | None:
    kind, number = entry.get("actor_type"), entry.get("actor_id")
    if entry.get("bypass_mode", "always") not in _BYPASS_MODES:
        return "Bypass mode is not included in the list"
    try:
        if kind == "Team":
            store.by_id("teams", str(number))
        elif kind == "Integration":
            store.app(int(number or 0))
        elif kind == "User":
            store.by_id("users", str(number))
    except NotFoundError:
        return f"Actor {kind} must be part of the ruleset source or owner organization"
    if kind == "RepositoryRole" and number not in _BYPASSING_ROLES:
        return "Actor RepositoryRole must be part of the ruleset source or owner organization"
    known = {"Team", "Integration", "User", "RepositoryRole", "OrganizationAdmin", "DeployKey"}
    return None if kind in known else "Actor type is not included in the list"


def _require_parameters(rule: Json, position: int) -> None:
    parameters = rule.get("parameters")
    if parameters is None:
        return
    wanted = _PARAMETERS.get(rule["type"], {})
    fits = all(type(parameters.get(name)) is kind for name, kind in wanted.items())
    checks = parameters.get("required_status_checks", [])
    named = all(isinstance(check, dict) and check.get("context") for check in checks)
    if not (fits and named and 0 <= parameters.get("required_approving_review_count", 0) <= _MAX_APPROVALS):
        raise UnprocessableError(
            f"Invalid request.\n\nInvalid property /rules/{position}: data matches no possible input."
        )


def _ruleset_json(call: Call, ruleset: Json) -> Json:
    repository = f"{call.repository['owner']}/{call.repository['name']}"
    links = {
        "self": {"href": call.url("rulesets", str(ruleset["id"]))},
        "html": {"href": f"{call.web}/{repository}/rules/{ruleset['id']}"},
    }
    shown = {"node_id": node_id("RepositoryRuleset", ruleset["id"]), "source_type": "Repository", "source": repository}
    return ruleset | shown | {"_links": links}
