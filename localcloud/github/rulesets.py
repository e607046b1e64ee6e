"""Repository rulesets."""

from localcloud.github.errors import InvalidFieldsError
from localcloud.github.node_ids import node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.store import Json, found

_RULESETS = REPOSITORY + "/rulesets"
_RULESET = _RULESETS + "/{ruleset_id}"
_ENFORCEMENTS = {"disabled", "active", "evaluate"}
_TARGETS = {"branch", "tag", "push"}
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
    detail = {"bypass_actors", "conditions", "rules"}
    shown = [_ruleset_json(call, ruleset) for ruleset in call.repository["rulesets"].values()]
    return call.page([{name: item[name] for name in item.keys() - detail} for item in shown])


@operation("POST", _RULESETS)
def create_ruleset(call: Call) -> Answer:
    """Create a ruleset.

    Raises:
        InvalidFieldsError: the name is taken, or a target, enforcement or rule type is unknown.
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


def _ruleset(call: Call) -> Json:
    return found(call.repository["rulesets"], call.parameters["ruleset_id"])


def _changed(call: Call, ruleset: Json) -> Json:
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
    if mistakes:
        raise InvalidFieldsError(*mistakes)
    return ruleset | {
        "name": name,
        "enforcement": enforcement,
        "target": target,
        "rules": rules,
        "bypass_actors": call.objects("bypass_actors", ruleset["bypass_actors"]),
        "conditions": call.optional("conditions", dict, ruleset["conditions"]),
        "updated_at": call.store.now(),
    }


def _ruleset_json(call: Call, ruleset: Json) -> Json:
    repository = f"{call.repository['owner']}/{call.repository['name']}"
    links = {
        "self": {"href": call.url("rulesets", str(ruleset["id"]))},
        "html": {"href": f"{call.web}/{repository}/rules/{ruleset['id']}"},
    }
    shown = {"node_id": node_id("RepositoryRuleset", ruleset["id"]), "source_type": "Repository", "source": repository}
    return ruleset | shown | {"_links": links}
