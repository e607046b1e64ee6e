"""What exists and nobody declared."""

from typing import Any

import pytest

from ops.audit.finding import Finding, Severity, State
from tests.ops.audit.conftest import Clouds
from tests.ops.audit.live_answers import WRITTEN

HOOK = "https://api.github.com/repos/acme/app/hooks/5"
ENVIRONMENT: dict[str, Any] = {
    "name": "forgotten",
    "url": "https://api.github.com/repos/acme/app/environments/forgotten",
    "protection_rules": [],
    "deployment_branch_policy": None,
}


def ruleset(include: list[str], **changes: Any) -> dict[str, Any]:
    return {
        "id": 99,
        "name": "another",
        "target": "branch",
        "source_type": "Repository",
        "source": "acme/app",
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": include, "exclude": []}},
        "rules": [],
        **changes,
    }


ADDED = {
    "a deploy key that writes": (
        "keys",
        {"id": 4, "title": "ci", "key": "ssh-ed25519 A", "read_only": False, "created_at": WRITTEN, "added_by": "eve"},
        ("deploy key: ci", Severity.CRITICAL, "gh repo deploy-key delete 4"),
    ),
    "a webhook, without what its address keeps secret": (
        "webhooks",
        {
            "url": HOOK,
            "active": True,
            "events": ["push"],
            "updated_at": WRITTEN,
            "config": {"url": "https://user:word@hooks.example.com/T1/secret"},
        },
        ("webhook: https://hooks.example.com", Severity.MEDIUM, "gh api -X DELETE repos/acme/app/hooks/5"),
    ),
    "an administrator": (
        "collaborators",
        {"id": 9, "node_id": "U_9", "login": "Eve", "permissions": {"admin": True, "push": True}},
        ("administrator: eve", Severity.HIGH, "repositoryWide.administrators"),
    ),
    "an environment": (
        "environments",
        ENVIRONMENT,
        ("environment: forgotten", Severity.MEDIUM, "environments/forgotten"),
    ),
    "a secret of the repository": (
        "secrets",
        {"name": "OLD", "updated_at": WRITTEN},
        ("repository secret: OLD", Severity.MEDIUM, "gh secret delete OLD;"),
    ),
    "a variable of an environment": (
        "variables of staging",
        {"name": "OLD", "value": "1", "updated_at": WRITTEN},
        ("environment variable: staging/OLD", Severity.LOW, "gh variable delete OLD --env staging;"),
    ),
    "a rule for every branch": (
        "rules",
        None,
        ("protection rule: *", Severity.MEDIUM, "its owner has to remove it"),
    ),
    "a ruleset for every branch": (
        "rulesets",
        ruleset(["~ALL"]),
        ("ruleset: another", Severity.MEDIUM, "gh api -X DELETE repos/acme/app/rulesets/99"),
    ),
    "a ruleset for the default branch": (
        "rulesets",
        ruleset(["~DEFAULT_BRANCH"]),
        ("ruleset: another", Severity.MEDIUM, ""),
    ),
    "a second ruleset of the same name": (
        "rulesets",
        ruleset(["refs/heads/main"], name="main: checks and merge methods"),
        ("ruleset: main: checks and merge methods (2)", Severity.MEDIUM, ""),
    ),
    "the organisation's ruleset": (
        "rulesets",
        ruleset(["refs/heads/ma*"], source_type="Organization", source="acme"),
        ("ruleset: acme: another", Severity.MEDIUM, "its owner has to remove it"),
    ),
}


def only(findings: tuple[Finding, ...]) -> Finding:
    (finding,) = findings
    return finding


@pytest.mark.parametrize("what", ADDED)
def test_something_that_nobody_declared(clouds: Clouds, what: str) -> None:
    part, entry, (identifier, severity, remedy) = ADDED[what]
    clouds.github[part].append(entry or {**clouds.github["rules"][0], "pattern": "*"})
    finding = only(clouds.audit().findings)
    assert (finding.id, finding.state, finding.severity) == (identifier, State.UNMANAGED, severity)
    assert remedy in finding.remedy
    assert "secret" not in str(finding.live)


@pytest.mark.parametrize(
    "entry",
    [
        ruleset(["refs/heads/feature/*"]),
        ruleset(["~ALL"], enforcement="disabled"),
        ruleset(["~ALL"], target="tag"),
        ruleset(
            ["~ALL"],
            conditions={"ref_name": {"include": ["~ALL"], "exclude": ["refs/heads/main", "refs/heads/staging"]}},
        ),
    ],
)
def test_a_ruleset_that_governs_no_released_branch(clouds: Clouds, entry: dict[str, Any]) -> None:
    clouds.github["rulesets"].append(entry)
    assert clouds.audit().findings == ()


def test_what_another_stack_declares_is_none_of_these(clouds: Clouds) -> None:
    clouds.estate.audited[:] = ["staging"]  # type: ignore[index]  # a list, made by the fixture
    report = clouds.audit()
    assert (report.findings, {verdict.stack for verdict in report.verdicts}) == ((), {"staging"})


def test_functions_secrets_and_migrations_that_no_release_brought(clouds: Clouds) -> None:
    answers = clouds.supabase["production"]
    answers["functions"].append({"slug": "by-hand", "version": 1, "status": "ACTIVE"})
    answers["secrets"].append({"name": "BY_HAND", "value": "f" * 64})
    answers["database"]["ledger"].append({"version": "20260103000000", "name": None, "digest": None})
    found = {finding.id: finding for finding in clouds.audit().findings}
    assert found.keys() == {"function: by-hand", "function secret: BY_HAND", "migration: 20260103000000"}
    assert found["function secret: BY_HAND"].live is None
    assert {finding.stack for finding in found.values()} == {"production"}


def test_a_migration_that_a_rollback_undid_is_known(clouds: Clouds) -> None:
    database = clouds.supabase["production"]["database"]
    database["records"].append({"id": 2, "migrations": database["records"][0]["migrations"][:1]})
    assert clouds.audit().findings == (), "it was put back by hand, or the rollback kept it"
    del database["ledger"][0]
    assert only(clouds.audit().findings).id == "migration: 20260101000000"


def test_a_hold_and_a_paused_project(clouds: Clouds) -> None:
    answers = clouds.supabase["staging"]
    answers["project"]["status"] = "INACTIVE"
    hold = {"digest": "d" * 64, "record": 3, "at": WRITTEN, "reason": "wrong totals"}
    answers["database"]["hold"].append(hold)
    paused, held = clouds.audit().findings
    assert (paused.id, paused.declared, paused.live) == ("project: app-staging: status", "ACTIVE_HEALTHY", "INACTIVE")
    assert (held.id, held.live) == (f"hold: {'d' * 12}", "record 3: wrong totals")
    assert "rollback --stack staging --clear" in held.remedy
