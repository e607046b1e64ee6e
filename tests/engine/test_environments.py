"""Both environments side by side: adopted, declared, read back. The tests run in order on one local cloud."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from tests.engine.checkout import ROOT, Checkout, Live, Run

pytestmark = pytest.mark.engine

REF = "zfroutbzdkhivnpiezho"
REPOSITORY = "/repos/mano-app/mano"
NEWEST = max(path.name for path in (ROOT / "backend/supabase/migrations").glob("*.sql"))
GITHUB_BY_HAND = {"branch", "environment-production", "label-hotfix"}


@dataclass(frozen=True)
class Environments:
    """The two stacks' command lines, the production project, and what production's first previews said.

    `refused` was tried before staging had validated anything.
    """

    production: Checkout
    staging: Checkout
    live: Live
    refused: Run
    first_preview: list[dict[str, Any]]
    first_text: str
    staging_text: str


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environments]:
    staging = Checkout.make(tmp_path_factory.mktemp("checkout"))
    production = replace(staging, stack="production")
    try:
        refused = production.run("pulumi", "preview", "--stack", "production", "--non-interactive")
        staging_text = staging.up_well()
        text = production.run("pulumi", "preview", "--stack", "production", "--json", "--non-interactive").text
        steps = json.loads(text[text.index("{") :])["steps"]
        first_text = production.preview()
        live = Live(REF, production.variables())
        yield Environments(production, staging, live, refused, steps, first_text, staging_text)
    finally:
        staging.localcloud("stop")


def people(live: Live) -> list[dict[str, Any]]:
    return live.sql("select id, owner_id, name from public.people order by id")


def control(live: Live, method: str, path: str, **options: Any) -> httpx.Response:
    return httpx.request(method, f"{live.variables['SUPABASE_API_ENDPOINT']}/_control{path}", timeout=30, **options)


def request_github(live: Live, method: str, path: str, body: Any = None) -> httpx.Response:
    url = f"{live.variables['GITHUB_BASE_URL'].rstrip('/')}/api/v3{path}"
    headers = {"Authorization": f"Bearer {live.variables['GITHUB_TOKEN']}"}
    return httpx.request(method, url, json=body, headers=headers, timeout=30)


def rule_of(live: Live, branch: str) -> dict[str, Any]:
    nodes = live.graphql(
        '{repository(owner:"mano-app",name:"mano"){branchProtectionRules(first:10){nodes{id pattern'
        " requiredApprovingReviewCount requiresApprovingReviews dismissesStaleReviews requiresCodeOwnerReviews"
        " requireLastPushApproval requiresStatusChecks requiresStrictStatusChecks requiredStatusCheckContexts"
        " isAdminEnforced requiresConversationResolution restrictsPushes allowsForcePushes allowsDeletions"
        " pushAllowances(first:10){totalCount}}}}}"
    )["repository"]["branchProtectionRules"]["nodes"]
    (rule,) = [node for node in nodes if node["pattern"] == branch]
    return dict(rule)


def test_production_takes_nothing_that_staging_has_not_validated(both: Environments) -> None:
    assert both.refused.code != 0
    assert "may not go to production: staging has validated nothing yet. Nothing was changed." in both.refused.text
    assert "Remedy: pulumi up --stack staging" in both.refused.text
    assert "Traceback" not in both.refused.text


def test_the_first_preview_imports_what_exists_and_applies_the_one_missing_migration(both: Environments) -> None:
    by_name = {
        (step["urn"].split("::")[-1], step["urn"].split("::")[2].split("$")[-1]): step["op"]
        for step in both.first_preview
        if step["op"] != "update"
    }
    imported = {name for (name, _), op in by_name.items() if op == "import"}
    assert imported == {"project", "repository"} | GITHUB_BY_HAND
    assert set(by_name.values()) == {"import", "create"}
    assert both.first_text.count(f"migration to apply: {NEWEST}") >= 1
    assert {line.split()[-1] for line in both.first_text.splitlines() if "migration to apply" in line} == {NEWEST}


def test_production_is_adopted_with_its_data_and_its_password(both: Environments) -> None:
    rows = people(both.live)
    assert len(rows) >= 3
    users = both.live.sql("select id from auth.users")
    ledger = both.live.ledger()
    assert NEWEST.split("_")[0] not in ledger
    control(both.live, "DELETE", "/requests")
    both.production.up_well()
    requests = [(entry["method"], entry["path"]) for entry in control(both.live, "GET", "/requests").json()]
    assert ("PATCH", f"/v1/projects/{REF}/database/password") not in requests
    assert both.live.ledger() == [*ledger, NEWEST.split("_")[0]]
    assert people(both.live) == rows
    assert set(map(str, both.live.sql("select id from auth.users"))) >= set(map(str, users))


def test_staging_stands_beside_it(both: Environments) -> None:
    assert (
        "project mano-staging will be created in organisation mano-staging, which is on the free plan"
        in both.staging_text
    )
    assert both.staging.output("project_ref") != REF


@pytest.mark.parametrize("stack", ["production", "staging"])
def test_a_second_run_and_a_refresh_change_nothing(both: Environments, stack: str) -> None:
    checkout = replace(both.production, stack=stack)
    checkout.up_well("--expect-no-changes")
    result = checkout.run("pulumi", "refresh", "--stack", stack, "--yes", "--expect-no-changes")
    assert result.code == 0, result.text
    assert checkout.plan() == {}


def test_mains_protection_reads_back_in_full(both: Environments) -> None:
    rule = rule_of(both.live, "main")
    assert sorted(rule.pop("requiredStatusCheckContexts")) == [
        "backend-tests",
        "ios-build",
        "preview",
        "release-source",
        "secrets",
    ]
    del rule["id"]
    assert rule == {
        "pattern": "main",
        "requiredApprovingReviewCount": 1,
        "requiresApprovingReviews": True,
        "dismissesStaleReviews": True,
        "requiresCodeOwnerReviews": True,
        "requireLastPushApproval": True,
        "requiresStatusChecks": True,
        "requiresStrictStatusChecks": True,
        "isAdminEnforced": True,
        "requiresConversationResolution": True,
        "restrictsPushes": True,
        "allowsForcePushes": False,
        "allowsDeletions": False,
        "pushAllowances": {"totalCount": 0},
    }


def test_stagings_protection_lets_feature_branches_in(both: Environments) -> None:
    rule = rule_of(both.live, "staging")
    assert (rule["restrictsPushes"], rule["requiresStrictStatusChecks"]) == (False, False)
    assert rule["requiredApprovingReviewCount"] == 1
    assert "release-source" not in rule["requiredStatusCheckContexts"]


@pytest.mark.parametrize(
    ("branch", "methods", "strict"), [("main", ["merge"], True), ("staging", ["merge", "squash"], False)]
)
def test_a_ruleset_binds_the_checks_to_the_actions_app(
    both: Environments, *, branch: str, methods: list[str], strict: bool
) -> None:
    listed = both.live.github(f"{REPOSITORY}/rulesets").json()
    (number,) = [entry["id"] for entry in listed if entry["name"].startswith(f"{branch}:")]
    ruleset = both.live.github(f"{REPOSITORY}/rulesets/{number}").json()
    assert (ruleset["enforcement"], ruleset["bypass_actors"]) == ("active", [])
    assert ruleset["conditions"]["ref_name"] == {"include": [f"refs/heads/{branch}"], "exclude": []}
    rules = {rule["type"]: rule["parameters"] for rule in ruleset["rules"]}
    checks = rules["required_status_checks"]
    assert {check["integration_id"] for check in checks["required_status_checks"]} == {15368}
    required = {check["context"] for check in checks["required_status_checks"]}
    assert required == set(rule_of(both.live, branch)["requiredStatusCheckContexts"])
    assert checks["strict_required_status_checks_policy"] is strict
    assert rules["pull_request"]["allowed_merge_methods"] == methods


OF_A_RELEASE = (
    "ANTHROPIC_API_KEY",
    "PULUMI_CONFIG_PASSPHRASE",
    "REPOSITORY_READ_TOKEN",
    "SUPABASE_ACCESS_TOKEN",
    "SUPABASE_DB_PASSWORD",
)


@pytest.mark.parametrize(
    ("name", "reviewers", "no_self_review", "policies", "secrets"),
    [
        (
            "production",
            ["release-managers"],
            True,
            ["main"],
            [*OF_A_RELEASE],
        ),
        ("production-read", [], None, None, ["REPOSITORY_READ_TOKEN", "SUPABASE_ACCESS_TOKEN"]),
        ("pull-requests", [], None, ["main", "staging"], ["REPOSITORY_WRITE_TOKEN", "SUPABASE_ACCESS_TOKEN_STAGING"]),
        (
            "audit",
            [],
            None,
            ["main"],
            ["REPOSITORY_READ_TOKEN", "SUPABASE_ACCESS_TOKEN", "SUPABASE_ACCESS_TOKEN_STAGING"],
        ),
        (
            "refresh",
            ["release-managers"],
            False,
            ["main"],
            ["SUPABASE_ACCESS_TOKEN", "SUPABASE_ACCESS_TOKEN_STAGING", "SUPABASE_DB_PASSWORD"],
        ),
        (
            "administration",
            ["release-managers"],
            False,
            ["main"],
            [
                *OF_A_RELEASE,
                "REPOSITORY_WRITE_TOKEN",
                "SUPABASE_ACCESS_TOKEN_STAGING",
                "SUPABASE_PREVIEW_TOKEN",
                "SUPABASE_PREVIEW_TOKEN_STAGING",
                "SUPABASE_READ_TOKEN",
                "SUPABASE_READ_TOKEN_STAGING",
            ],
        ),
        (
            "staging",
            [],
            None,
            ["staging"],
            [*OF_A_RELEASE, "STAGING_PROJECT_REF"],
        ),
        ("staging-read", [], None, None, ["REPOSITORY_READ_TOKEN", "STAGING_PROJECT_REF", "SUPABASE_ACCESS_TOKEN"]),
    ],
)
def test_an_environment_reads_back(
    both: Environments,
    *,
    name: str,
    reviewers: list[str],
    no_self_review: bool | None,
    policies: list[str] | None,
    secrets: list[str],
) -> None:
    path = f"{REPOSITORY}/environments/{name}"
    environment = both.live.github(path).json()
    rules = {rule["type"]: rule for rule in environment["protection_rules"]}
    gate = rules.get("required_reviewers", {"reviewers": [], "prevent_self_review": None})
    assert [entry["reviewer"]["slug"] for entry in gate["reviewers"]] == reviewers
    assert gate["prevent_self_review"] is no_self_review
    assert environment["can_admins_bypass"] is False
    if policies is None:
        assert environment["deployment_branch_policy"] is None
    else:
        listed = both.live.github(f"{path}/deployment-branch-policies").json()["branch_policies"]
        assert sorted(policy["name"] for policy in listed) == policies
    found = both.live.github(f"{path}/secrets?per_page=100").json()["secrets"]
    assert sorted(item["name"] for item in found) == sorted(secrets)


def test_what_belongs_to_the_repository_reads_back(both: Environments) -> None:
    repository = both.live.github(REPOSITORY).json()
    assert (repository["allow_merge_commit"], repository["allow_squash_merge"], repository["allow_rebase_merge"]) == (
        True,
        True,
        False,
    )
    assert repository["delete_branch_on_merge"] is True
    assert repository["security_and_analysis"]["secret_scanning_push_protection"] == {"status": "enabled"}
    assert repository["has_wiki"] is True
    permissions = both.live.github(f"{REPOSITORY}/actions/permissions").json()
    assert (permissions["allowed_actions"], permissions["sha_pinning_required"]) == ("selected", True)
    token = both.live.github(f"{REPOSITORY}/actions/permissions/workflow").json()
    assert token == {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}
    label = both.live.github(f"{REPOSITORY}/labels/hotfix").json()
    assert label["color"] == "b60205"


def test_one_stack_alone_owns_the_repository(both: Environments) -> None:
    for checkout, owns in ((both.production, True), (both.staging, False)):
        export = checkout.run("pulumi", "stack", "export", "--stack", checkout.stack).text
        assert ("RepositoryWide$github:index/repository:Repository" in export) is owns


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/environments/production/secrets/SUPABASE_ACCESS_TOKEN", None),
        ("PUT", "/environments/production", {"wait_timer": 0, "deployment_branch_policy": None}),
        ("DELETE", "/environments/administration", None),
        ("PATCH", "/labels/hotfix", {"color": "ffffff"}),
        ("PATCH", "", {"delete_branch_on_merge": False}),
        ("PUT", "/actions/permissions", {"enabled": True, "allowed_actions": "all"}),
    ],
)
def test_what_was_changed_by_hand_is_repaired(both: Environments, method: str, path: str, body: Any) -> None:
    before = snapshot(both.live)
    answer = request_github(both.live, method, f"{REPOSITORY}{path}", body)
    assert answer.is_success, answer.text
    assert snapshot(both.live) != before
    both.production.up_well("--refresh")
    assert snapshot(both.live) == before
    both.production.up_well("--refresh", "--expect-no-changes")


def test_reviewers_removed_by_hand_are_told_and_can_be_put_back(both: Environments) -> None:
    path = both.production.directory / "Pulumi.production.yaml"
    good = path.read_text(encoding="utf-8")
    before = snapshot(both.live)
    policy = {"protected_branches": False, "custom_branch_policies": True}
    body = {"reviewers": None, "deployment_branch_policy": policy, "can_admins_bypass": False}
    assert request_github(both.live, "PUT", f"{REPOSITORY}/environments/production", body).is_success
    assert snapshot(both.live) != before
    assert "Environment production has no reviewers any more" in both.production.preview()
    try:
        path.write_text(
            good.replace("      preventSelfReview", "      waitMinutes: 1\n      preventSelfReview"), "utf-8"
        )
        both.production.up_well()
    finally:
        path.write_text(good, encoding="utf-8")
    both.production.up_well()
    assert snapshot(both.live) == before
    assert "no reviewers any more" not in both.production.preview()


def test_a_protection_removed_by_hand_is_repaired(both: Environments) -> None:
    before = rule_of(both.live, "main")
    removed = before.pop("id")
    both.live.graphql(
        f'mutation{{deleteBranchProtectionRule(input:{{branchProtectionRuleId:"{removed}"}}){{clientMutationId}}}}'
    )
    both.production.up_well("--refresh")
    after = rule_of(both.live, "main")
    assert after.pop("id") != removed
    assert after == before


def snapshot(live: Live) -> list[Any]:
    """Read what the tests above break, without dates and ids."""
    kept = []
    for path in ("", "/labels/hotfix", "/actions/permissions", "/environments/production"):
        document = live.github(f"{REPOSITORY}{path}").json()
        names = ("delete_branch_on_merge", "color", "allowed_actions", "deployment_branch_policy")
        rules = [rule.get("reviewers") and len(rule["reviewers"]) for rule in document.get("protection_rules", [])]
        kept.append([document.get(name) for name in names] + rules)
    for name in ("production", "administration"):
        answer = live.github(f"{REPOSITORY}/environments/{name}/secrets")
        kept.append(sorted(item["name"] for item in answer.json().get("secrets", [])))
    return kept


def test_a_rotated_secret_is_never_missing(both: Environments) -> None:
    name = "ANTHROPIC_API_KEY"
    control(both.live, "DELETE", "/requests")
    both.production.up_well(environment={name: "rotated-key-0123456789"})
    requests = control(both.live, "GET", "/requests").json()
    about = [
        entry for entry in requests if entry["path"].endswith((f"/secrets/{name}", "/v1/projects/" + REF + "/secrets"))
    ]
    assert {entry["method"] for entry in about} >= {"PUT", "POST"}
    assert "DELETE" not in {entry["method"] for entry in about}
    assert 404 not in {entry["status"] for entry in about}
    both.production.up_well()
    assert both.production.plan() == {}


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("teams: [release-managers]\n      preventSelfReview", "users: [nobody]\n      preventSelfReview",
         "user nobody does not exist"),
        ("teams: [release-managers]\n      preventSelfReview", "users: [dana]\n      preventSelfReview",
         "dana is the only reviewer"),
        ("    protection:\n", "    protection:\n      reviews: {approvals: 6}\n", "3 people may write"),
    ],
)  # fmt: skip
def test_a_rule_that_locks_everybody_out_is_refused_at_preview(
    both: Environments, old: str, new: str, text: str
) -> None:
    path = both.production.directory / "Pulumi.production.yaml"
    good = path.read_text(encoding="utf-8")
    assert old in good
    path.write_text(good.replace(old, new, 1), encoding="utf-8")
    control(both.live, "DELETE", "/requests")
    try:
        result = both.production.run("pulumi", "preview", "--stack", "production", "--non-interactive")
    finally:
        path.write_text(good, encoding="utf-8")
    assert result.code != 0
    assert text in result.text
    assert "Traceback" not in result.text
    requests = control(both.live, "GET", "/requests").json()
    writes = [entry["path"] for entry in requests if entry["method"] != "GET"]
    assert [path for path in writes if not path.endswith("/database/query/read-only")] == []
    assert requests


def test_what_was_approved_and_merged_is_accepted_where_review_is_asked_for(both: Environments) -> None:
    """The whole way of a change: pushed by one, approved by another, its checks reported by Actions, merged."""
    checkout = both.production
    base = both.live.variables["GITHUB_BASE_URL"].rstrip("/")
    people = {
        name: control(both.live, "POST", "/github-tokens", json=who).json()["token"]
        for name, who in {
            "dana": {"login": "dana"},
            "lee": {"login": "lee"},
            "actions": {"app": "github-actions"},
        }.items()
    }

    def ask(name: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {people.get(name) or both.live.variables['GITHUB_TOKEN']}"}
        answer = httpx.request(method, f"{base}/api/v3{REPOSITORY}{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    remote = f"{base.replace('://', '://x-access-token:' + people['dana'] + '@')}/mano-app/mano.git"
    checkout.git("fetch", "--quiet", remote, "main")
    checkout.git("switch", "--quiet", "--create", "hotfix/words", "FETCH_HEAD")
    (checkout.directory / "WORDS.md").write_text("words\n", encoding="utf-8")
    checkout.commit("Add words")
    checkout.git("push", "--quiet", remote, "hotfix/words")
    refused = subprocess.run(
        ["git", "push", remote, "HEAD:main"], cwd=checkout.directory, capture_output=True, text=True, check=False
    )
    assert refused.returncode != 0
    assert "Changes must be made through a pull request" in refused.stderr
    pull = ask("dana", "POST", "/pulls", {"title": "Words", "head": "hotfix/words", "base": "main"})
    path = f"/pulls/{pull['number']}"
    for name in ("backend-tests", "ios-build", "secrets", "preview", "release-source"):
        run = {"name": name, "head_sha": pull["head"]["sha"], "status": "completed", "conclusion": "success"}
        ask("actions", "POST", "/check-runs", run)
    ask("lee", "POST", f"{path}/reviews", {"event": "APPROVE"})
    ask("administrator", "PUT", f"{path}/merge", {"merge_method": "merge"})
    checkout.git("fetch", "--quiet", remote, "main")
    checkout.git("switch", "--quiet", "--detach", "FETCH_HEAD")
    stack_file = checkout.directory / "Pulumi.production.yaml"
    good = stack_file.read_text(encoding="utf-8")
    health = checkout.directory / "backend/supabase/functions/health/index.ts"
    source = health.read_text(encoding="utf-8")
    stack_file.write_text(good[: good.index("  mano:waivers:")], encoding="utf-8")
    try:
        assert checkout.plan() == {}
        health.write_text(f"{source}// after the approval\n", encoding="utf-8")
        result = checkout.run("pulumi", "preview", "--stack", "production", "--non-interactive")
        assert "may not go to production" in result.text
    finally:
        health.write_text(source, encoding="utf-8")
        stack_file.write_text(good, encoding="utf-8")
    checkout.git("switch", "--quiet", "main")


def test_a_staging_token_that_reaches_production_is_refused_unless_waived(both: Environments) -> None:
    reaching = {"SUPABASE_ACCESS_TOKEN_STAGING": both.live.variables["SUPABASE_ACCESS_TOKEN"]}
    command = ["pulumi", "preview", "--stack", "staging", "--non-interactive"]
    result = both.staging.run(*command, environment=reaching)
    assert result.code != 0
    assert f"can also reach {REF}" in result.text
    path = both.staging.directory / "Pulumi.staging.yaml"
    good = path.read_text(encoding="utf-8")
    waiver = "  mano:waivers:\n    tokenReachesProduction: one token for all, for now\n"
    path.write_text(good + waiver, encoding="utf-8")
    try:
        assert both.staging.run(*command, environment=reaching).code == 0
    finally:
        path.write_text(good, encoding="utf-8")


def test_a_paused_project_is_restored_and_waited_for(both: Environments) -> None:
    ref = both.staging.output("project_ref")
    paused = Live(ref, both.live.variables)
    assert paused.api("POST", "/pause").is_success
    deadline = time.monotonic() + 60
    while paused.api("GET", "").json()["status"] != "INACTIVE":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert f"project {ref} is INACTIVE" in both.staging.preview()
    text = both.staging.up_well()
    assert f"project {ref} is paused: restoring it" in text
    assert paused.api("GET", "").json()["status"] == "ACTIVE_HEALTHY"
    both.staging.up_well()
    assert both.staging.plan() == {}


def test_what_was_adopted_is_deleted_only_under_a_waiver(both: Environments) -> None:
    path = both.production.directory / "Pulumi.production.yaml"
    good = path.read_text(encoding="utf-8")
    start = good.index("    production-read:\n")
    without = good[:start] + good[good.index("    administration:\n") :]
    waiver = "    deletion: {reason: nobody previews production, until: 2999-12-31}\n"
    try:
        path.write_text(without, encoding="utf-8")
        refused = both.production.up()
        path.write_text(good + waiver, encoding="utf-8")
        both.production.up_well()
        path.write_text(without + waiver, encoding="utf-8")
        both.production.up_well()
    finally:
        path.write_text(good, encoding="utf-8")
    assert refused.code != 0
    assert "protected" in refused.text
    assert both.live.github(f"{REPOSITORY}/environments/production-read").status_code == 404
    both.production.up_well()
    assert both.live.github(f"{REPOSITORY}/environments/production-read").status_code == 200
    assert both.production.plan() == {}


def test_a_hotfix_goes_ahead_of_staging_for_a_reason_and_on_record(both: Environments) -> None:
    production = both.production
    path = production.directory / "Pulumi.production.yaml"
    good = path.read_text(encoding="utf-8")
    health = production.directory / "backend/supabase/functions/health/index.ts"
    source = health.read_text(encoding="utf-8")
    health.write_text(f"{source}// a fix that can't wait\n", encoding="utf-8")
    refused = production.run("pulumi", "preview", "--stack", "production", "--non-interactive")
    assert refused.code != 0
    assert "may not go to production: staging has validated others, the last as release 1 of" in refused.text
    (setting,) = set(
        re.findall(r"(pulumi config set --stack production --path hotfix\.release [0-9a-f]{64})", refused.text)
    )
    try:
        assert production.run(*setting.split()).code == 0
        reason = [
            "pulumi",
            "config",
            "set",
            "--stack",
            "production",
            "--path",
            "hotfix.reason",
            "logins fail since noon",
        ]
        assert production.run(*reason).code == 0
        text = production.up_well()
        assert "is a hotfix that staging has not validated: logins fail since noon" in text
        assert production.output("hotfix") == "logins fail since noon"
        assert production.plan() == {}
    finally:
        path.write_text(good, encoding="utf-8")
    records = both.live.sql("select kind, reason from release.records order by id desc limit 1")
    assert records == [{"kind": "hotfix", "reason": "logins fail since noon"}]
    # It was validated here, so it stays without the setting, and staging may follow.
    assert production.plan() == {}
    health.write_text(source, encoding="utf-8")
    production.up_well()
    assert production.plan() == {}


def test_what_nobody_reviewed_is_refused_where_that_is_not_waived(both: Environments) -> None:
    path = both.production.directory / "Pulumi.production.yaml"
    good = path.read_text(encoding="utf-8")
    assert "need not be reviewed: the local cloud knows no pull requests" in both.production.preview()
    path.write_text(good[: good.index("  mano:waivers:")], encoding="utf-8")
    try:
        pushed = both.production.run("pulumi", "preview", "--stack", "production", "--non-interactive")
        both.production.git("commit", "--quiet", "--allow-empty", "--message", "nobody has seen this")
        unpushed = both.production.run("pulumi", "preview", "--stack", "production", "--non-interactive")
        both.production.git("reset", "--quiet", "--soft", "HEAD~1")
    finally:
        path.write_text(good, encoding="utf-8")
    for result in (pushed, unpushed):
        assert result.code != 0
        assert "No merged pull request into main that somebody other than its author approved" in result.text
        assert "Traceback" not in result.text


@pytest.mark.parametrize("arguments", [(), ("--skip-preview",)])
def test_destroying_production_destroys_nothing_that_matters(both: Environments, arguments: tuple[str, ...]) -> None:
    before = snapshot(both.live), rule_of(both.live, "main"), people(both.live), sorted(both.live.functions())
    result = both.production.run("pulumi", "destroy", "--stack", "production", "--yes", *arguments)
    assert result.code != 0
    assert "protect" in result.text
    after = snapshot(both.live), rule_of(both.live, "main"), people(both.live), sorted(both.live.functions())
    assert after == before


def test_the_next_up_puts_back_what_an_attempt_to_destroy_took_out_of_the_state(both: Environments) -> None:
    both.production.up_well()
    assert both.production.plan() == {}
