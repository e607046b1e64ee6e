"""Turns what GitHub told of a repository into the form that the declared estate has."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from estate.declared_repository import name_check
from estate.entity import Kind, Value
from ops.audit.github_reading import Reading
from ops.audit.live_estate import LiveEntity, LiveEstate
from ops.audit.refusal import Refusal

Found = Iterator[tuple[tuple[Kind, str], LiveEntity]]
# What a rule allows or names, as lists of actors.
_ALLOWANCES = (
    "pushAllowances",
    "reviewDismissalAllowances",
    "bypassForcePushAllowances",
    "bypassPullRequestAllowances",
)
_WITHHELD = Refusal(
    reason="GitHub leaves it out of what it tells a token without that right", permission="administration=read"
)
# GitHub tells who bypasses a ruleset only to whoever may change it (REST API, "Get a repository ruleset").
_WITHHELD_FROM_READERS = Refusal(
    reason="GitHub tells this only to a token that may change the ruleset", permission="administration=write"
)
# The kinds that each part of the reading tells of; a refused part makes them unknown.
_KINDS = {
    "repository": (Kind.REPOSITORY,),
    "rules": (Kind.PROTECTION_RULE,),
    "rulesets": (Kind.RULESET,),
    "environments": (Kind.ENVIRONMENT, Kind.ENVIRONMENT_SECRET, Kind.ENVIRONMENT_VARIABLE),
    "secrets": (Kind.REPOSITORY_SECRET,),
    "variables": (Kind.REPOSITORY_VARIABLE,),
    "actions": (Kind.ACTIONS,),
    "labels": (Kind.LABEL,),
    "keys": (Kind.DEPLOY_KEY,),
    "webhooks": (Kind.WEBHOOK,),
    "collaborators": (Kind.ADMINISTRATOR,),
}


def describe_github(repository: str, reading: Reading, apps: Mapping[str, int]) -> LiveEstate:
    """Describe a repository.

    Args:
        repository: its name.
        reading: what GitHub told, each answer in its form.
        apps: pattern of a protection rule to the app that its checks are declared to come from. GitHub notes that app
            in the rule by itself once it has reported, which is no difference.
    """
    refused = {
        (kind, ""): reading[part] for part, kinds in _KINDS.items() if _is_refused(reading, part) for kind in kinds
    }
    found: dict[tuple[Kind, str], LiveEntity] = {}
    describers: dict[str, Callable[[Any], Found]] = {
        "repository": _repository,
        "rules": lambda answer: _rules(answer, apps),
        "rulesets": _rulesets,
        "secrets": lambda answer: _secrets(answer, Kind.REPOSITORY_SECRET, ""),
        "variables": lambda answer: _variables(answer, Kind.REPOSITORY_VARIABLE, ""),
        "actions": lambda answer: _actions(answer, repository),
        "labels": _labels,
        "keys": _keys,
        "webhooks": _webhooks,
        "collaborators": _administrators,
    }
    for part, describe in describers.items():
        if not _is_refused(reading, part):
            for (kind, name), entity in describe(reading[part]):
                found[kind, _tell_apart(found, kind, name)] = entity
    for part, answer in reading.items():
        if part.startswith("branch "):
            # Of a repository that can't be seen no branch can.
            hidden = reading["repository"] if _is_refused(reading, "repository") and answer is None else answer
            _branch(part.removeprefix("branch "), hidden, found, refused)
    if not _is_refused(reading, "environments"):
        for environment in reading["environments"]:
            _environment(reading, environment, found, refused)
    return LiveEstate(found=found, refused=refused)


def _branch(
    name: str, answer: Any, found: dict[tuple[Kind, str], LiveEntity], refused: dict[tuple[Kind, str], Refusal]
) -> None:
    if isinstance(answer, Refusal):
        refused[Kind.BRANCH, name] = answer
    elif answer is not None:
        found[Kind.BRANCH, name] = LiveEntity(fields={})


def _tell_apart(found: Mapping[tuple[Kind, str], LiveEntity], kind: Kind, name: str) -> str:
    """Give a name that no other thing of the kind has: GitHub lets rulesets, keys and webhooks share one."""
    names = (name, *(f"{name} ({number})" for number in range(2, len(found) + 3)))
    return next(candidate for candidate in names if (kind, candidate) not in found)


def _is_refused(reading: Reading, part: str) -> bool:
    return isinstance(reading[part], Refusal)


def _repository(answer: Any) -> Found:
    names = ("allow_merge_commit", "allow_rebase_merge", "allow_squash_merge", "delete_branch_on_merge")
    fields: dict[str, Value | Refusal] = {name: answer.get(name, _WITHHELD) for name in names}
    analysis = answer.get("security_and_analysis")
    protection = (analysis or {}).get("secret_scanning_push_protection", {"status": "disabled"})["status"]
    fields["security_and_analysis.secret_scanning_push_protection"] = _WITHHELD if analysis is None else protection
    yield (Kind.REPOSITORY, answer["name"]), LiveEntity(fields=fields, since=answer.get("updated_at"))


def _actions(answer: Any, repository: str) -> Found:
    fields: dict[str, Value | Refusal] = {
        name: value
        for name, value in {**answer["permissions"], **answer["workflow"], **answer["selected"]}.items()
        if name != "selected_actions_url"
    }
    if "patterns_allowed" in fields:
        fields["patterns_allowed"] = tuple(sorted(answer["selected"]["patterns_allowed"]))
    yield (Kind.ACTIONS, repository), LiveEntity(fields=fields)


def _rules(nodes: Any, apps: Mapping[str, int]) -> Found:
    for node in nodes:
        expected = apps.get(node["pattern"])
        checks = (
            name_check(check["context"], app if (app := (check["app"] or {}).get("databaseId")) != expected else None)
            for check in node["requiredStatusChecks"] or ()
        )
        fields: dict[str, Value | Refusal] = {
            **{name: value for name, value in node.items() if name != "pattern"},
            "requiredStatusChecks": tuple(sorted(checks)),
            "requiredDeploymentEnvironments": tuple(sorted(node["requiredDeploymentEnvironments"] or ())),
            **{name: tuple(sorted(_actor(entry) for entry in node[name]["nodes"])) for name in _ALLOWANCES},
        }
        yield (Kind.PROTECTION_RULE, node["pattern"]), LiveEntity(fields=fields)


def _actor(node: Any) -> str:
    actor = node["actor"] or {"__typename": "someone", "slug": "who is gone"}
    kind = str(actor["__typename"]).lower()
    return f"{kind} {actor['login'].lower() if 'login' in actor else actor['slug']}"


def _rulesets(answers: Any) -> Found:
    for answer in answers:
        fields: dict[str, Value | Refusal] = {
            "target": answer["target"],
            "enforcement": answer["enforcement"],
            "bypass_actors": _WITHHELD_FROM_READERS
            if "bypass_actors" not in answer
            else tuple(sorted(_bypass(actor) for actor in answer["bypass_actors"])),
            **dict(_conditions(answer.get("conditions") or {})),
        }
        for rule in answer["rules"]:
            fields[f"rules.{rule['type']}"] = True
            for name, value in (rule.get("parameters") or {}).items():
                fields[f"rules.{rule['type']}.{name}"] = _flat(value)
        owner = "" if answer["source_type"] == "Repository" else f"{answer['source']}: "
        remedy = f"gh api -X DELETE repos/{answer['source']}/rulesets/{answer['id']}"
        entity = LiveEntity(fields=fields, since=answer.get("updated_at"), remedy=None if owner else remedy)
        yield (Kind.RULESET, f"{owner}{answer['name']}"), entity


def _conditions(conditions: Any) -> Iterator[tuple[str, Value]]:
    for condition, parts in conditions.items():
        for name, value in parts.items():
            yield f"conditions.{condition}.{name}", _flat(value)


def _bypass(actor: Any) -> str:
    number = f" {actor['actor_id']}" if actor.get("actor_id") is not None else ""
    return f"{actor['actor_type']}{number}: {actor['bypass_mode']}"


def _flat(value: Any) -> Value:
    """Give a list as a sorted tuple of texts, since its order means nothing."""
    if isinstance(value, list):
        return tuple(sorted(_text(entry) for entry in value))
    return _text(value) if isinstance(value, dict) else value


def _text(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    if "context" in entry and entry.keys() <= {"context", "integration_id"}:
        return name_check(entry["context"], entry.get("integration_id"))
    return ", ".join(f"{key}={value}" for key, value in sorted(entry.items()))


def _environment(
    reading: Reading,
    answer: Any,
    found: dict[tuple[Kind, str], LiveEntity],
    refused: dict[tuple[Kind, str], Refusal],
) -> None:
    name = answer["name"]
    rules = {rule["type"]: rule for rule in answer.get("protection_rules") or ()}
    reviews = rules.get("required_reviewers", {})
    policy = answer.get("deployment_branch_policy")
    policies = reading.get(f"policies of {name}", [])
    fields: dict[str, Value | Refusal] = {
        "can_admins_bypass": answer.get("can_admins_bypass", True),
        "deployment_branch_policy": _policy(policy),
        "branch_policies": policies
        if isinstance(policies, Refusal)
        else tuple(sorted(f"{entry.get('type', 'branch')} {entry['name']}" for entry in policies)),
        "reviewers": tuple(sorted(_reviewer(entry) for entry in reviews.get("reviewers", ()))),
        "prevent_self_review": bool(reviews.get("prevent_self_review", False)),
        "wait_timer": rules.get("wait_timer", {}).get("wait_timer", 0),
        "other_protection_rules": tuple(sorted(rules.keys() - {"required_reviewers", "wait_timer", "branch_policy"})),
    }
    remedy = f"gh api -X DELETE {_path(answer['url'])}"
    found[Kind.ENVIRONMENT, name] = LiveEntity(fields=fields, since=answer.get("updated_at"), remedy=remedy)
    for kind, part, describe in (
        (Kind.ENVIRONMENT_SECRET, "secrets", _secrets),
        (Kind.ENVIRONMENT_VARIABLE, "variables", _variables),
    ):
        listed = reading.get(f"{part} of {name}", [])
        if isinstance(listed, Refusal):
            refused[kind, f"{name}/"] = listed
        else:
            found |= dict(describe(listed, kind, f"{name}/"))


def _policy(policy: Any) -> str:
    if policy is None:
        return "any ref"
    kinds = {"custom branch policies": "custom_branch_policies", "protected branches": "protected_branches"}
    return " and ".join(kind for kind, field in kinds.items() if policy[field]) or "no ref"


def _reviewer(entry: Any) -> str:
    reviewer = entry["reviewer"]
    return f"{entry['type'].lower()} {reviewer['login'].lower() if 'login' in reviewer else reviewer['slug']}"


def _secrets(entries: Any, kind: Kind, scope: str) -> Found:
    for entry in entries:
        written = dt.datetime.fromisoformat(entry["updated_at"]).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield (
            (kind, f"{scope}{entry['name']}"),
            LiveEntity(
                fields={"updated_at": written},
                since=written,
                remedy=f"gh secret delete {entry['name']}{_environment_option(scope)}",
            ),
        )


def _variables(entries: Any, kind: Kind, scope: str) -> Found:
    for entry in entries:
        yield (
            (kind, f"{scope}{entry['name']}"),
            LiveEntity(
                fields={"value": entry["value"]},
                since=entry["updated_at"],
                remedy=f"gh variable delete {entry['name']}{_environment_option(scope)}",
            ),
        )


def _environment_option(scope: str) -> str:
    return f" --env {scope.removesuffix('/')}" if scope else ""


def _labels(entries: Any) -> Found:
    for entry in entries:
        fields: dict[str, Value | Refusal] = {
            "color": entry["color"].lower(),
            "description": entry["description"] or "",
        }
        yield (Kind.LABEL, entry["name"]), LiveEntity(fields=fields)


def _keys(entries: Any) -> Found:
    for entry in entries:
        fields: dict[str, Value | Refusal] = {
            "key": entry["key"],
            "read_only": entry["read_only"],
        }
        yield (
            (Kind.DEPLOY_KEY, entry["title"]),
            LiveEntity(
                fields=fields,
                since=entry["created_at"],
                by=entry.get("added_by"),
                remedy=f"gh repo deploy-key delete {entry['id']}",
            ),
        )


def _webhooks(entries: Any) -> Found:
    for entry in entries:
        fields: dict[str, Value | Refusal] = {"active": entry["active"], "events": tuple(sorted(entry["events"]))}
        # The rest of the address is often what the receiver knows the sender by.
        address = urlsplit(entry["config"].get("url", ""))
        yield (
            (Kind.WEBHOOK, f"{address.scheme}://{address.netloc.rpartition('@')[2]}"),
            LiveEntity(fields=fields, since=entry["updated_at"], remedy=f"gh api -X DELETE {_path(entry['url'])}"),
        )


def _administrators(entries: Any) -> Found:
    for entry in entries:
        if entry.get("permissions", {}).get("admin"):
            yield (Kind.ADMINISTRATOR, entry["login"].lower()), LiveEntity(fields={})


def _path(url: str) -> str:
    """Give the path of an API's address, as `gh api` takes it."""
    return f"repos/{url.rpartition('/repos/')[2]}"
