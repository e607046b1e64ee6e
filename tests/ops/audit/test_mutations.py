"""Every field that the read operations answer, changed one at a time: the audit finds it, or a reason stands here."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLObjectType, build_schema

from ops.audit.finding import State
from ops.audit.github_reading import RULES_QUERY
from tests.conftest import ROOT
from tests.ops.audit.conftest import Clouds
from tests.ops.audit.contract_fields import Change, Contract

GITHUB = Contract.read("github-rest-openapi")
SUPABASE = Contract.read("supabase-management-api")
R = "/repos/{owner}/{repo}"
E = f"{R}/environments/{{environment_name}}"
P = "/v1/projects/{ref}"
# Part of the reading to the schema of what answers it.
GITHUB_PARTS: dict[str, Any] = {
    "repository": GITHUB.answer(R),
    "rulesets/0": GITHUB.answer(f"{R}/rulesets/{{ruleset_id}}"),
    "environments": GITHUB.answer(f"{R}/environments", "environments"),
    "policies of production": GITHUB.answer(f"{E}/deployment-branch-policies", "branch_policies"),
    "secrets of production": GITHUB.answer(f"{E}/secrets", "secrets"),
    "variables of production": GITHUB.answer(f"{E}/variables", "variables"),
    "secrets": GITHUB.answer(f"{R}/actions/secrets", "secrets"),
    "variables": GITHUB.answer(f"{R}/actions/variables", "variables"),
    "actions/permissions": GITHUB.answer(f"{R}/actions/permissions"),
    "actions/workflow": GITHUB.answer(f"{R}/actions/permissions/workflow"),
    "actions/selected": GITHUB.answer(f"{R}/actions/permissions/selected-actions"),
    "labels": GITHUB.answer(f"{R}/labels"),
    "collaborators": GITHUB.answer(f"{R}/collaborators"),
    "keys": GITHUB.answer(f"{R}/keys"),
    "webhooks": GITHUB.answer(f"{R}/hooks"),
    "reported main/runs": GITHUB.answer(f"{R}/commits/{{ref}}/check-runs", "check_runs"),
}
SUPABASE_PARTS: dict[str, Any] = {
    "project": SUPABASE.answer(P),
    "functions": SUPABASE.answer(f"{P}/functions"),
    "secrets": SUPABASE.answer(f"{P}/secrets"),
    "auth": SUPABASE.answer(f"{P}/config/auth"),
    "networks": SUPABASE.answer(f"{P}/network-restrictions"),
    "ssl": SUPABASE.answer(f"{P}/ssl-enforcement"),
    "hostname": SUPABASE.answer(f"{P}/custom-hostname"),
}
# What an audit does not find, by `part: path`, and why.
_DERIVED = "an address, a number or a date that the platform derives; nobody sets it"
REASONS = {
    r".*(_url|/url|/href|node_id|/id|created_at|_links.*| id)$": _DERIVED,
    r"(rulesets/0|environments|repository|labels|functions): .*updated_at$": "says when; the change itself is found",
    r"variables.*updated_at$": "says when; a variable's value is found itself",
    r"secrets.*: \d+/created_at$": _DERIVED,
    r"repository: (?!allow_(merge_commit|squash_merge|rebase_merge)|delete_branch|default_branch|private"
    r"|security_and_analysis/secret_scanning_push_protection|name$).*": "no stack declares it; left alone by design",
    r"repository: (name|private|default_branch)$": "who we ask; it decides how other answers are judged",
    r"rulesets/0: (source|source_type|current_user_can_bypass|conditions/ref_name/one).*": "where it is from, not what"
    " it says",
    r"environments: \d+/protection_rules/\d+/reviewers/\d+/reviewer/(?!login|slug).*": "of the person, not the rule",
    r"labels: \d+/default$": "whether GitHub made it; nobody sets it",
    r"environments: \d+/protection_rules/one less": "the last one repeats the deployment branch policy",
    r"labels: one more": "labels that nobody declared are left alone by design",
    r"collaborators: (one less|[2-7]/login)": "they do not administer; whoever is needed for a review is judged apart",
    r"collaborators: \d+/(?!login|permissions/admin).*": "of the person; only who administers is declared",
    r"collaborators: \d+/permissions/(?!admin).*": "only who administers is declared",
    r"reported main/runs: \d+/(?!name|app/id).*": "whether a check reports is judged, not what it reported",
    r"reported main/runs: one more": "a check more than is required hurts nobody",
    r"project: (?!name|region|organization_slug|status).*": "no stack declares it",
    r"secrets: (one less|1/.*)": "the platform's own secrets, which every project has",
    r"secrets: 0/updated_at": "says when; the digest tells another value",
    r"functions: \d+/(?!slug|ezbr_sha256|verify_jwt|status).*": "the bundle's digest stands for what is deployed",
    r"auth: (?!site_url|jwt_exp|disable_signup).*": "this stack declares three settings, and leaves the others alone",
    r"networks: (?!config/db).*": "how it came to be, not what holds",
    r"ssl: (?!currentConfig/database).*": "how it came to be, not what holds",
    r"hostname: (?!custom_hostname|status).*": "what DNS says; the status comes of it",
}


def fields_of(contract: Contract, parts: dict[str, Any], readings: dict[str, Any]) -> Iterator[tuple[str, Change]]:
    """Complete the answers by their contract, and give each field's name with another value for it."""
    for part, schema in parts.items():
        steps: list[str | int] = [int(step) if step.isdigit() else step for step in part.split("/")]
        answer: Any = readings
        for step in steps:
            answer = answer[step]
        contract.complete(schema, answer)
        for change in contract.changes(schema, answer, tuple(steps)):
            where = [*map(str, change.where[len(steps) :]), *([change.note] if change.note else [])]
            yield f"{part}: {'/'.join(where)}", change


def hunt(clouds: Clouds, readings: dict[str, Any], fields: list[tuple[str, Change]]) -> tuple[int, list[str], set[str]]:
    """Change each field by itself; gives how many were found, which were not, and the reasons that were of use."""
    kept = dict(readings)
    found, missed, used = 0, [], set()
    for name, change in fields:
        part = change.where[0]
        readings[str(part)] = change.apply(kept)[part]
        report = clouds.audit()
        readings[str(part)] = kept[str(part)]
        if report.findings:
            found += 1
        elif reasons := {pattern for pattern in REASONS if re.fullmatch(pattern, name)}:
            used |= reasons
        else:
            missed.append(name)
    return found, missed, used


def test_each_field_of_the_contracts(clouds: Clouds) -> None:
    fields = {
        "GitHub": (clouds.github, list(fields_of(GITHUB, GITHUB_PARTS, clouds.github))),
        "Supabase": (
            clouds.supabase["production"],
            list(fields_of(SUPABASE, SUPABASE_PARTS, clouds.supabase["production"])),
        ),
    }
    assert clouds.audit().findings == (), "filled in with what says nothing, the estate is still clean"
    used: set[str] = set()
    for api, (readings, changes) in fields.items():
        found, missed, reasons = hunt(clouds, readings, changes)
        used |= reasons
        excused = len(changes) - found - len(missed)
        print(f"{api}: {found} of {found + len(missed)} found, {excused} with a reason")  # noqa: T201 - the figure
        assert "\n".join(missed) == ""
    assert sorted(REASONS.keys() - used) == [], "reasons that excuse nothing"


def test_each_kind_of_rule_that_a_ruleset_can_have(clouds: Clouds) -> None:
    variants = GITHUB.variants(GITHUB.resolve({"$ref": "#/components/schemas/repository-rule"}, None))
    had = {rule["type"] for rule in clouds.github["rulesets"][0]["rules"]}
    seen = set()
    for variant in variants:
        rule = GITHUB.example(variant)
        if rule["type"] in had:
            continue
        changed = clouds.copy()
        changed.github["rulesets"][0]["rules"].append(rule)
        assert [f for f in changed.audit().findings if f.field == f"rules.{rule['type']}"], rule
        seen.add(rule["type"])
    assert {"merge_queue", "non_fast_forward", "required_signatures"} <= seen


def test_each_field_of_a_protection_rule(clouds: Clouds) -> None:
    schema = build_schema((ROOT / "localcloud/github/schema.graphql").read_text(encoding="utf-8"), assume_valid=True)
    kind = schema.type_map["BranchProtectionRule"]
    assert isinstance(kind, GraphQLObjectType)
    # What no query needs: the rule's own names, the branches that it matches now, and texts for the same checks.
    others = {
        "branchProtectionRuleConflicts",
        "creator",
        "databaseId",
        "fullDatabaseId",
        "id",
        "matchingRefs",
        "pattern",
        "repository",
        "requiredStatusCheckContexts",
    }
    names = kind.fields.keys() - others
    assert [name for name in sorted(names) if name not in RULES_QUERY] == []
    for name in sorted(names):
        changed = clouds.copy()
        rule = changed.github["rules"][0]
        rule[name] = _other(rule[name], name)
        assert [finding for finding in changed.audit().findings if finding.field == name], name
    print(f"BranchProtectionRule: {len(names)} of {len(names)} found")  # noqa: T201 - the figure


def _other(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {"nodes": [*value["nodes"], {"actor": {"__typename": "App", "slug": "bot"}}]}
    if name == "requiredStatusChecks":
        return [{"context": value[0]["context"], "app": {"databaseId": 1}}, *value[1:]]
    if name == "requiredDeploymentEnvironments":
        return ["staging"]
    return not value if isinstance(value, bool) else value + 1


def _dropped(clouds: Clouds, part: str) -> Clouds:
    changed = clouds.copy()
    changed.github[part] = changed.github[part][:-1]
    return changed


@pytest.mark.parametrize("part", ["rules", "rulesets", "environments", "labels", "secrets", "variables"])
def test_a_thing_that_is_gone_is_missing(clouds: Clouds, part: str) -> None:
    report = _dropped(clouds, part).audit()
    assert {finding.state for finding in report.findings} == {State.MISSING}
