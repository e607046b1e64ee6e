"""The drift audit of both stacks, as released by the real engine on a local cloud."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from tests.engine.checkout import Run
from tests.engine.released import Released

REPOSITORY = "/api/v3/repos/mano-app/mano"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGn1Z4nS8x0Xl0m8mBvQ0p3uQ6y3bV1m0qv8Jk1x2y3z"
RULE = """mutation($input: UpdateBranchProtectionRuleInput!) {
  updateBranchProtectionRule(input: $input) { clientMutationId }
}"""
RULES = '{repository(owner: "mano-app", name: "mano") {branchProtectionRules(first: 9) {nodes {id pattern}}}}'
# Of what GitHub holds, the kinds that each profile of a token can't read.
HIDDEN = {
    "full": set(),
    "no-administration": {"protection rule", "Actions permissions", "repository"},
    "no-secrets": {"repository secret", "environment secret"},
    "none": {
        "Actions permissions",
        "branch",
        "environment",
        "environment secret",
        "environment variable",
        "label",
        "protection rule",
        "repository",
        "ruleset",
    },
}


@dataclass(frozen=True)
class Audited:
    """Both stacks, released, and an audit of them as a user runs it."""

    staging: Released

    def run(self, *options: str, environment: Mapping[str, str] | None = None) -> Run:
        return self.staging.checkout.run("python", "-m", "ops", "audit", *options, environment=environment)

    def report(self, *options: str, environment: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        result = self.run("--json", *options, environment=environment)
        lines = [line for line in result.text.splitlines() if line.startswith("{")]
        assert lines, result.text
        document: dict[str, Any] = json.loads(lines[-1])
        return result.code, document

    def findings(self, *options: str) -> dict[str, dict[str, Any]]:
        """Give what has to be acted upon, by its id."""
        _, report = self.report(*options)
        return {finding["id"]: finding for finding in report["findings"] if finding["severity"] != "info"}

    def github(self, method: str, path: str, body: Any = None) -> Any:
        variables = self.staging.live.variables
        answer = httpx.request(
            method,
            f"{variables['GITHUB_BASE_URL'].rstrip('/')}{path}",
            headers={"Authorization": f"Bearer {variables['GITHUB_TOKEN']}"},
            json=body,
            timeout=30,
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def token(self, profile: str) -> str:
        body = {"login": "administrator", "profile": profile}
        return str(self.staging.live.control("POST", "/github-tokens", body).json()["token"])


@pytest.fixture(scope="module")
def audited(released: Released) -> Audited:
    replace(released.checkout, stack="production").up_well()
    return Audited(released)


def test_after_both_releases_everything_is_in_sync_and_nothing_was_written(audited: Audited) -> None:
    control = audited.staging.live.control
    control("DELETE", "/requests")
    code, report = audited.report()
    sent = control("GET", "/requests").json()
    assert (code, {verdict["state"] for verdict in report["verdicts"]}) == (0, {"in_sync"})
    assert {finding["severity"] for finding in report["findings"]} <= {"info"}
    assert {verdict["stack"] for verdict in report["verdicts"]} == {"staging", "production"}
    kinds = {verdict["kind"] for verdict in report["verdicts"]}
    assert kinds >= {"protection rule", "ruleset", "environment secret", "function", "migration", "label", "project"}

    reading = re.compile(r"GET .*|POST /api/graphql|POST /v1/projects/\w+/database/query/read-only")
    calls = [f"{request['method']} {request['path']}" for request in sent]
    assert [call for call in calls if not reading.fullmatch(call.partition("?")[0])] == []
    assert len(calls) == sum(report["calls"].values()) < 60


def test_no_value_of_a_secret_is_in_any_output(audited: Audited) -> None:
    variables = audited.staging.live.variables
    page = audited.staging.checkout.directory / "audit.html"
    told = [audited.run("--html", str(page)).text, audited.run("--json").text, page.read_text(encoding="utf-8")]
    page.unlink()
    secrets = [variables[name] for name in variables if re.search("TOKEN|PASSWORD|API_KEY|PASSPHRASE", name)]
    assert len(secrets) > 4
    assert [name for name in secrets if name and any(name in text for text in told)] == []


def test_changes_by_hand_are_found_and_repaired_as_the_audit_says(audited: Audited) -> None:
    released, github = audited.staging, audited.github
    rules = github("POST", "/api/graphql", {"query": RULES})["data"]["repository"]["branchProtectionRules"]["nodes"]
    main = next(rule["id"] for rule in rules if rule["pattern"] == "main")
    weakened = {"branchProtectionRuleId": main, "isAdminEnforced": False, "requiresLinearHistory": True}
    github("POST", "/api/graphql", {"query": RULE, "variables": {"input": weakened}})
    rulesets = github("GET", f"{REPOSITORY}/rulesets")
    of_main = next(entry["id"] for entry in rulesets if entry["name"].startswith("main"))
    github("PUT", f"{REPOSITORY}/rulesets/{of_main}", {"enforcement": "disabled"})
    github("PUT", f"{REPOSITORY}/environments/production", {"reviewers": [], "deployment_branch_policy": None})
    github("PATCH", f"{REPOSITORY}/labels/hotfix", {"color": "ffffff"})
    github("PUT", f"{REPOSITORY}/actions/permissions", {"enabled": True, "allowed_actions": "all"})
    github("PATCH", f"{REPOSITORY}/environments/staging/variables/STAGING_API_URL", {"value": "http://elsewhere"})
    github("POST", f"{REPOSITORY}/keys", {"title": "ci", "key": KEY, "read_only": False})
    github("POST", f"{REPOSITORY}/actions/variables", {"name": "EXTRA", "value": "1"})
    released.live.api("DELETE", "/functions/health")
    released.live.api("PATCH", "/config/auth", json={"site_url": "http://elsewhere"})

    found = audited.findings()
    drifted = {
        "protection rule: main: isAdminEnforced",
        "protection rule: main: requiresLinearHistory",
        "ruleset: main: checks and merge methods: enforcement",
        "environment: production: reviewers",
        "environment: production: deployment_branch_policy",
        "environment: production: branch_policies",
        "label: hotfix: color",
        "Actions permissions: mano: allowed_actions",
        "environment variable: staging/STAGING_API_URL: value",
        "function: health",
        "Auth settings: mano-staging: site_url",
    }
    extra = {"deploy key: ci", "repository variable: EXTRA"}
    assert found.keys() >= drifted | extra
    assert found["deploy key: ci"]["by"] == "administrator"
    assert found["protection rule: main: isAdminEnforced"]["severity"] == "critical"
    assert found["function: health"]["state"] == "missing"
    assert audited.run("--stack", "staging", "--fail-on", "critical").code == 0
    assert audited.run("--stack", "production", "--fail-on", "critical").code == 2

    for stack in ("staging", "production"):
        assert {found[name]["remedy"] for name in drifted if found[name]["stack"] == stack} == {
            f"pulumi up --refresh --stack {stack}"
        }
        replace(released.checkout, stack=stack).up_well("--refresh")
    assert audited.findings().keys() == extra
    for identifier in extra:
        command = found[identifier]["remedy"].partition(";")[0]
        number = re.search(r"\d+$", command)
        github("DELETE", f"{REPOSITORY}/keys/{number[0]}" if number else f"{REPOSITORY}/actions/variables/EXTRA")
    assert audited.findings() == {}


def test_a_secret_that_was_rotated_by_hand_is_found_and_our_own_rotation_is_none(audited: Audited) -> None:
    released, github = audited.staging, audited.github
    live = released.live
    github("DELETE", f"{REPOSITORY}/environments/staging/secrets/ANTHROPIC_API_KEY")
    found = audited.findings("--stack", "staging")
    assert found["environment secret: staging/ANTHROPIC_API_KEY"]["state"] == "missing"
    released.checkout.up_well("--refresh")
    assert audited.findings("--stack", "staging") == {}
    live.api("POST", "/secrets", json=[{"name": "ANTHROPIC_API_KEY", "value": "by hand"}])
    (finding,) = audited.findings("--stack", "staging").values()
    assert finding["id"] == "function secret: ANTHROPIC_API_KEY: sha256"
    released.checkout.up_well()
    assert audited.findings("--stack", "staging") == {}


@pytest.mark.parametrize("profile", HIDDEN)
def test_what_a_token_can_not_read_is_never_clean(audited: Audited, profile: str) -> None:
    code, report = audited.report(environment={"GITHUB_TOKEN": audited.token(profile)})
    clean = {verdict["kind"] for verdict in report["verdicts"] if verdict["state"] == "in_sync"}
    assert clean & HIDDEN[profile] == set()
    unreadable = [finding for finding in report["findings"] if finding["state"] == "unreadable"]
    assert {finding["kind"] for finding in unreadable} >= HIDDEN[profile] - {"repository secret"}
    assert [finding for finding in unreadable if not finding["permission"]] == []
    assert code == (1 if HIDDEN[profile] else 0)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"path": ".*/actions/permissions", "action": "respond", "status": 500, "times": None}, "500"),
        ({"path": ".*/rulesets", "action": "drop_before", "times": None}, "does not answer"),
        (
            {
                "path": ".*/environments",
                "action": "respond",
                "status": 403,
                "headers": {"x-ratelimit-remaining": "0", "retry-after": "3000"},
                "times": None,
            },
            "asks to wait 3000 s",
        ),
        ({"path": "/v1/projects/.*/functions", "action": "respond", "status": 429, "times": None}, "429"),
    ],
)
def test_what_fails_in_the_middle_is_told_after_bounded_tries(
    audited: Audited, fault: dict[str, Any], told: str
) -> None:
    control = audited.staging.live.control
    control("POST", "/faults", fault)
    try:
        code, report = audited.report()
    finally:
        control("DELETE", "/faults")
    unreadable = [str(finding["live"]) for finding in report["findings"] if finding["state"] == "unreadable"]
    assert (code, bool(unreadable)) == (1, True)
    assert all(told in text for text in unreadable), unreadable


def test_what_passes_is_not_noticed(audited: Audited) -> None:
    control = audited.staging.live.control
    for path in (".*/rulesets", ".*/database/query/read-only", ".*/graphql"):
        control("POST", "/faults", {"path": path, "action": "respond", "status": 502, "times": 2})
    code, report = audited.report()
    assert (code, {verdict["state"] for verdict in report["verdicts"]}) == (0, {"in_sync"})


def test_mistakes_are_told_with_a_remedy(audited: Audited) -> None:
    for options, words in {
        ("--stack", "nowhere"): "name one of production, staging",
        ("--fail-on", "dreadful"): "one of info, low, medium, high, critical",
        ("--html", "no/such/folder/page.html"): "name another file",
    }.items():
        result = audited.run(*options)
        assert (result.code, words in " ".join(result.text.split())) == (1, True), result.text
    missing = audited.run(environment={"GITHUB_TOKEN": ""})
    assert (missing.code, "GITHUB_TOKEN is not set" in missing.text) == (1, True)
