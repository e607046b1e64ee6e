"""What GitHub and Supabase answer of an estate that is as its stacks declare it, written from the APIs' contracts.

It shares no code with the audit: which field of an answer says what stands here a second time.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from release.live_state import digest_function
from settings.model import Principals
from settings.stack import Settings

WRITTEN = "2026-06-01T10:00:00Z"
MEMBERS = ("ada", "grace", "joan", "mary", "edith", "annie", "katherine", "dorothy")
TEAMS = {"keepers": 501, "readers": 502}
VERSIONS = ("20260101000000", "20260102000000")
SECRET_VALUE = "a value that only the stack knows"
_API = "https://api.github.com"


def github_answers(stacks: Sequence[Settings], refs: Mapping[str, str]) -> dict[str, Any]:
    """Answer what the audit asks GitHub."""
    one = stacks[0]
    here = f"{_API}/repos/{one.owner}/{one.repository}"
    owner = next(settings for settings in stacks if settings.owns_repository)
    wide = owner.repository_wide
    answers: dict[str, Any] = {
        "repository": {
            "id": 1,
            "name": one.repository,
            "private": True,
            "default_branch": "main",
            "allow_merge_commit": "merge" in wide.merge_methods,
            "allow_squash_merge": "squash" in wide.merge_methods,
            "allow_rebase_merge": "rebase" in wide.merge_methods,
            "delete_branch_on_merge": wide.delete_branch_on_merge,
            "updated_at": WRITTEN,
            "security_and_analysis": {
                "secret_scanning_push_protection": {"status": "enabled" if wide.push_protection else "disabled"}
            },
        },
        "organization": {"login": one.owner, "plan": {"name": one.github_plan}},
        "rules": [_rule(settings) for settings in stacks],
        "rulesets": [_ruleset(settings, number) for number, settings in enumerate(stacks, 10)],
        "environments": [],
        "secrets": [_secret(name) for name in wide.secrets],
        "variables": [_variable(name, source, refs[owner.stack]) for name, source in wide.variables.items()],
        "actions": _actions(owner),
        "labels": [
            {"id": number, "name": name, "color": label.color.lower(), "description": label.description}
            for number, (name, label) in enumerate(wide.labels.items())
        ],
        "keys": [],
        "webhooks": [],
        "collaborators": [_collaborator(login, admin=login in wide.administrators) for login in MEMBERS],
    }
    for slug, number in TEAMS.items():
        answers[f"team {slug}"] = {
            "id": number,
            "node_id": f"T_{number}",
            "slug": slug,
            "members": [{"login": login} for login in MEMBERS[:3]],
        }
    for settings in stacks:
        branch = settings.branch
        answers[f"branch {branch.name}"] = {"name": branch.name, "protected": True}
        runs = [
            {"name": check, "app": {"id": branch.protection.checks_app}} for check in branch.protection.required_checks
        ]
        answers[f"reported {branch.name}"] = {"pull": 7, "runs": runs}
        for name, environment in settings.environments.items():
            answers["environments"].append(_environment(here, name, environment))
            answers[f"secrets of {name}"] = [_secret(secret) for secret in environment.secrets]
            answers[f"variables of {name}"] = [
                _variable(variable, source, refs[settings.stack]) for variable, source in environment.variables.items()
            ]
            if environment.branches != "any":
                answers[f"policies of {name}"] = [
                    {"id": number, "name": pattern, "type": "branch"}
                    for number, pattern in enumerate(environment.branches)
                ]
    return answers


def supabase_answers(settings: Settings, ref: str) -> dict[str, Any]:
    """Answer what the audit asks Supabase of one project, in which two functions and two migrations were released."""
    supabase = settings.supabase
    functions = [
        {"slug": slug, "version": 3, "ezbr_sha256": slug * 3, "verify_jwt": True, "status": "ACTIVE", "updated_at": 1}
        for slug in ("chat", "health")
    ]
    rows = [
        {
            "part": f"function:{entry['slug']}",
            "source": "s",
            "token": "t",
            "live": digest_function(code=str(entry["ezbr_sha256"]), version=3, verify_jwt=True, status="ACTIVE"),
        }
        for entry in functions
    ]
    answers: dict[str, Any] = {
        "project": {
            "id": ref,
            "name": supabase.project.name,
            "region": supabase.project.region,
            "organization_id": supabase.organization,
            "organization_slug": supabase.organization,
            "status": "ACTIVE_HEALTHY",
        },
        "functions": functions,
        "secrets": [
            *(
                {"name": name, "value": hashlib.sha256(SECRET_VALUE.encode()).hexdigest(), "updated_at": WRITTEN}
                for name in settings.function_secrets
            ),
            {"name": "SUPABASE_URL", "value": "0" * 64},
        ],
        "database": {
            "ledger": [{"version": version, "name": "n", "digest": "d"} for version in VERSIONS],
            "manifest": [*rows, {"part": "smoke", "source": "s", "live": "l", "token": "t"}],
            "records": [{"id": 1, "migrations": list(VERSIONS)}],
            "hold": [],
        },
    }
    if supabase.auth:
        answers["auth"] = {"jwt_exp": 3600, "disable_signup": False, **supabase.auth}
    if supabase.database.allowed_networks is not None:
        networks = supabase.database.allowed_networks
        answers["networks"] = {
            "entitlement": "allowed",
            "status": "applied",
            "config": {
                "dbAllowedCidrs": [network for network in networks if ":" not in network],
                "dbAllowedCidrsV6": [network for network in networks if ":" in network],
            },
        }
    if supabase.database.ssl_enforced is not None:
        answers["ssl"] = {"currentConfig": {"database": supabase.database.ssl_enforced}, "appliedSuccessfully": True}
    if supabase.custom_hostname:
        answers["hostname"] = {"custom_hostname": supabase.custom_hostname, "status": "5_services_reconfigured"}
    return answers


def receipts(settings: Settings) -> dict[str, str]:
    """Tell when the stack wrote each secret."""
    names = [f"{name}/{secret}" for name, entry in settings.environments.items() for secret in entry.secrets]
    return dict.fromkeys([*names, *(settings.repository_wide.secrets if settings.owns_repository else ())], WRITTEN)


def _rule(settings: Settings) -> dict[str, Any]:
    protection = settings.branch.protection
    reviews = protection.reviews
    pushes = [{"actor": {"__typename": "User", "login": login}} for login in protection.pushes.users]
    pushes += [{"actor": {"__typename": "Team", "slug": slug}} for slug in protection.pushes.teams]
    return {
        "pattern": settings.branch.name,
        "allowsDeletions": False,
        "allowsForcePushes": False,
        "blocksCreations": False,
        "dismissesStaleReviews": reviews.dismiss_stale,
        "isAdminEnforced": protection.enforce_admins,
        "lockAllowsFetchAndMerge": False,
        "lockBranch": False,
        "requireLastPushApproval": reviews.require_last_push_approval,
        "requiredApprovingReviewCount": reviews.approvals,
        "requiredDeploymentEnvironments": None,
        "requiresApprovingReviews": True,
        "requiresCodeOwnerReviews": reviews.require_code_owners,
        "requiresCommitSignatures": False,
        "requiresConversationResolution": protection.conversations_resolved,
        "requiresDeployments": False,
        "requiresLinearHistory": False,
        "requiresStatusChecks": True,
        "requiresStrictStatusChecks": protection.up_to_date,
        "restrictsPushes": protection.pushes.restricted,
        "restrictsReviewDismissals": False,
        "requiredStatusChecks": [
            {"context": check, "app": {"databaseId": protection.checks_app} if number % 2 else None}
            for number, check in enumerate(protection.required_checks)
        ],
        "pushAllowances": {"nodes": pushes},
        "reviewDismissalAllowances": {"nodes": []},
        "bypassForcePushAllowances": {"nodes": []},
        "bypassPullRequestAllowances": {"nodes": []},
    }


def _ruleset(settings: Settings, number: int) -> dict[str, Any]:
    branch = settings.branch
    protection = branch.protection
    rules: list[dict[str, Any]] = [
        {
            "type": "pull_request",
            "parameters": {
                "allowed_merge_methods": list(protection.merge_methods),
                "dismiss_stale_reviews_on_push": protection.reviews.dismiss_stale,
                "require_code_owner_review": protection.reviews.require_code_owners,
                "require_last_push_approval": protection.reviews.require_last_push_approval,
                "required_approving_review_count": protection.reviews.approvals,
                "required_review_thread_resolution": protection.conversations_resolved,
            },
        }
    ]
    if protection.required_checks:
        rules.append(
            {
                "type": "required_status_checks",
                "parameters": {
                    "do_not_enforce_on_create": True,
                    "strict_required_status_checks_policy": protection.up_to_date,
                    "required_status_checks": [
                        {"context": check, "integration_id": protection.checks_app}
                        for check in reversed(protection.required_checks)
                    ],
                },
            }
        )
    return {
        "id": number,
        "name": f"{branch.name}: checks and merge methods",
        "target": "branch",
        "source_type": "Repository",
        "source": f"{settings.owner}/{settings.repository}",
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": [f"refs/heads/{branch.name}"], "exclude": []}},
        "rules": rules,
        "updated_at": WRITTEN,
    }


def _environment(here: str, name: str, environment: Any) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    if environment.wait_minutes:
        rules.append({"id": 1, "type": "wait_timer", "wait_timer": environment.wait_minutes})
    if environment.reviewers:
        rules.append(
            {
                "id": 2,
                "type": "required_reviewers",
                "prevent_self_review": environment.prevent_self_review,
                "reviewers": _reviewers(environment.reviewers),
            }
        )
    policy = None
    if environment.branches != "any":
        rules.append({"id": 3, "type": "branch_policy"})
        policy = {"protected_branches": False, "custom_branch_policies": True}
    return {
        "id": 9,
        "name": name,
        "url": f"{here}/environments/{name}",
        "can_admins_bypass": environment.admins_may_bypass,
        "protection_rules": rules,
        "deployment_branch_policy": policy,
        "updated_at": WRITTEN,
    }


def _reviewers(principals: Principals) -> list[dict[str, Any]]:
    users = [{"type": "User", "reviewer": {"login": login}} for login in principals.users]
    return [*users, *({"type": "Team", "reviewer": {"slug": slug}} for slug in principals.teams)]


def _actions(settings: Settings) -> dict[str, Any]:
    actions = settings.repository_wide.actions
    selected = {
        "github_owned_allowed": actions.github_owned,
        "verified_allowed": actions.verified_creators,
        "patterns_allowed": list(reversed(actions.patterns)),
    }
    return {
        "permissions": {
            "enabled": True,
            "allowed_actions": actions.allowed,
            "selected_actions_url": "https://api.github.com/selected",
            "sha_pinning_required": actions.sha_pinning,
        },
        "workflow": {
            "default_workflow_permissions": actions.default_permissions,
            "can_approve_pull_request_reviews": actions.may_approve_pull_requests,
        },
        "selected": selected if actions.allowed == "selected" else {},
    }


def _collaborator(login: str, *, admin: bool) -> dict[str, Any]:
    permissions = {"admin": admin, "maintain": admin, "push": True, "triage": True, "pull": True}
    return {"id": len(login), "node_id": f"U_{login}", "login": login, "permissions": permissions}


def _secret(name: str) -> dict[str, Any]:
    return {"name": name, "created_at": WRITTEN, "updated_at": WRITTEN}


def _variable(name: str, source: str, ref: str) -> dict[str, Any]:
    value = ref if source == "project.ref" else f"https://{ref}.supabase.co"
    return {"name": name, "value": value, "created_at": WRITTEN, "updated_at": WRITTEN}
