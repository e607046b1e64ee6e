"""The writes of the local GitHub that set things up, in an order in which each succeeds: one story of a repository."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

R = "/repos/mano-app/mano"
E = f"{R}/environments/production"
P = f"{R}/branches/main/protection"
BY_ID = "/repositories/{repository}/environments/production"
TEAM_REPOSITORY = "/orgs/mano-app/teams/core/repos/mano-app/mano"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHplcm9zemVyb3N6ZXJvc3plcm9zemVyb3N6ZXJv"

CUSTOM = {"protected_branches": False, "custom_branch_policies": True}
RULESET = {
    "name": "release-source",
    "target": "branch",
    "enforcement": "active",
    "bypass_actors": [{"actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "always"}],
    "conditions": {"ref_name": {"include": ["refs/heads/main"], "exclude": []}},
    "rules": [
        {
            "type": "required_status_checks",
            "parameters": {
                "strict_required_status_checks_policy": True,
                "required_status_checks": [{"context": "release-source", "integration_id": 15368}],
            },
        }
    ],
}
HOOK = {"config": {"url": "https://example.test/hook", "content_type": "json", "secret": "not to be shown"}}


class Known(dict[str, Any]):
    """What was kept, by name; before there is anything, a number that nothing has."""

    def __missing__(self, name: str) -> str:
        return "0"


Body = dict[str, Any] | Callable[[Any, Known], Any] | None


@dataclass(frozen=True)
class Step:
    """One write.

    Attributes:
        call: method and path; `{name}` stands for what an earlier step kept under that name.
        body: what is sent, or how to make it from a client and what was kept.
        shows: paths of reads whose answers the write changes, and that succeed before or after it.
        keeps: the name under which the answer's number is kept.
        number: the field of the answer that is kept.
        status: what it answers.
        login: whose token it takes, where that is not the administrator's; an app's ends in [bot].
        reader: whose token reads, where that is not the administrator's.
    """

    call: str
    body: Body = None
    shows: tuple[str, ...] = ()
    keeps: str = ""
    status: int = 200
    number: str = "id"
    login: str = ""
    reader: str = ""


def sealed(path: str, value: str) -> Body:
    return lambda github, known: github.seal(path.format_map(known), value)


def reviewers(_: Any, known: Known) -> Any:
    both = [{"type": "User", "id": known["bob"]}, {"type": "Team", "id": known["core"]}]
    rest = {"wait_timer": 30, "prevent_self_review": True, "deployment_branch_policy": CUSTOM}
    return rest | {"reviewers": both}


def head(_: Any, known: Known) -> Any:
    return {"ref": "refs/heads/staging", "sha": known["main"]}


def _secrets(path: str) -> tuple[Step, ...]:
    return (
        Step(f"PUT {path}/TOKEN", sealed(path, "first"), (path, f"{path}/TOKEN"), status=201),
        Step(f"DELETE {path}/TOKEN", None, (path, f"{path}/TOKEN"), status=204),
    )


def _variables(path: str) -> tuple[Step, ...]:
    item = f"{path}/REGION"
    return (
        Step(f"POST {path}", {"name": "REGION", "value": "eu-central-1"}, (path, item), status=201),
        Step(f"PATCH {item}", {"name": "REGION", "value": "eu-west-1"}, (path, item), status=204),
        Step(f"DELETE {item}", None, (path, item), status=204),
    )


STEPS: tuple[Step, ...] = (
    # The repository itself
    Step(f"PATCH {R}", {"description": "Backend", "delete_branch_on_merge": True}, (R, "/rate_limit")),
    Step(f"PUT {R}/topics", {"names": ["deployment"]}, (f"{R}/topics", R)),
    Step(f"PUT {R}/vulnerability-alerts", None, (f"{R}/vulnerability-alerts",), status=204),
    Step(f"DELETE {R}/vulnerability-alerts", None, (f"{R}/vulnerability-alerts",), status=204),
    # Refs
    Step(
        f"POST {R}/git/refs",
        head,
        (f"{R}/git/ref/heads/staging", f"{R}/git/matching-refs/heads/", f"{R}/branches", f"{R}/branches/staging"),
        status=201,
    ),
    Step(
        f"PATCH {R}/git/refs/heads%2Fstaging",
        lambda _, known: {"sha": known["other"], "force": True},
        (f"{R}/git/ref/heads/staging", f"{R}/commits/staging"),
    ),
    Step(f"POST {R}/branches/staging/rename", {"new_name": "next"}, (f"{R}/branches/next",), status=201),
    Step(f"DELETE {R}/git/refs/heads%2Fnext", None, (f"{R}/branches/next", f"{R}/branches"), status=204),
    # Environments
    Step(f"PUT {E}", {"can_admins_bypass": False}, (E, f"{R}/environments")),
    Step(f"PUT {E}", reviewers, (E,)),
    Step(
        f"POST {E}/deployment-branch-policies",
        {"name": "main", "type": "branch"},
        (f"{E}/deployment-branch-policies",),
        keeps="policy",
    ),
    Step(
        f"PUT {E}/deployment-branch-policies/{{policy}}",
        {"name": "release/*"},
        (f"{E}/deployment-branch-policies/{{policy}}",),
    ),
    Step(
        f"DELETE {E}/deployment-branch-policies/{{policy}}",
        None,
        (f"{E}/deployment-branch-policies/{{policy}}",),
        status=204,
    ),
    *_secrets(f"{R}/actions/secrets"),
    *_secrets(f"{E}/secrets"),
    *_secrets(f"{BY_ID}/secrets"),
    *_variables(f"{R}/actions/variables"),
    *_variables(f"{E}/variables"),
    Step(f"DELETE {E}", None, (E, f"{R}/environments"), status=204),
    # Labels
    Step(f"POST {R}/labels", {"name": "kind/hotfix", "color": "b60205"}, (f"{R}/labels/kind%2Fhotfix",), status=201),
    Step(f"PATCH {R}/labels/kind%2Fhotfix", {"new_name": "urgent", "color": "000000"}, (f"{R}/labels/urgent",)),
    Step(f"DELETE {R}/labels/urgent", None, (f"{R}/labels/urgent", f"{R}/labels?per_page=100"), status=204),
    # Rulesets
    Step(f"POST {R}/rulesets", RULESET, (f"{R}/rulesets", f"{R}/rules/branches/main"), "ruleset", 201),
    Step(
        f"PUT {R}/rulesets/{{ruleset}}",
        {"enforcement": "evaluate"},
        (f"{R}/rulesets/{{ruleset}}", f"{R}/rules/branches/main"),
    ),
    Step(f"DELETE {R}/rulesets/{{ruleset}}", None, (f"{R}/rulesets/{{ruleset}}", f"{R}/rulesets"), status=204),
    # Actions
    Step(
        f"PUT {R}/actions/permissions",
        {"enabled": True, "allowed_actions": "selected", "sha_pinning_required": True},
        (f"{R}/actions/permissions",),
        status=204,
    ),
    Step(
        f"PUT {R}/actions/permissions/selected-actions",
        {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": ["pulumi/*"]},
        (f"{R}/actions/permissions/selected-actions",),
        status=204,
    ),
    Step(
        f"PUT {R}/actions/permissions/workflow",
        {"default_workflow_permissions": "write", "can_approve_pull_request_reviews": True},
        (f"{R}/actions/permissions/workflow",),
        status=204,
    ),
    # Keys and hooks
    Step(
        f"POST {R}/keys", {"title": "mirror", "key": f"{KEY} somebody", "read_only": True}, (f"{R}/keys",), "key", 201
    ),
    Step(f"DELETE {R}/keys/{{key}}", None, (f"{R}/keys/{{key}}", f"{R}/keys"), status=204),
    Step(f"POST {R}/hooks", HOOK, (f"{R}/hooks",), "hook", 201),
    Step(f"PATCH {R}/hooks/{{hook}}", {"active": False}, (f"{R}/hooks/{{hook}}",)),
    Step(f"DELETE {R}/hooks/{{hook}}", None, (f"{R}/hooks/{{hook}}", f"{R}/hooks"), status=204),
    # People
    Step(
        f"PUT {R}/collaborators/bob",
        {"permission": "maintain"},
        (f"{R}/collaborators?affiliation=direct", f"{R}/collaborators/bob/permission"),
        status=204,
    ),
    Step(f"PUT {R}/collaborators/eve", {"permission": "pull"}, (f"{R}/invitations",), "invitation", 201),
    Step(f"DELETE {R}/invitations/{{invitation}}", None, (f"{R}/invitations",), status=204),
    Step(f"PUT {R}/collaborators/eve", {"permission": "pull"}, (f"{R}/invitations",), "invitation", 201),
    Step(
        "PATCH /user/repository_invitations/{invitation}",
        None,
        (f"{R}/collaborators/eve", f"{R}/collaborators", "/orgs/mano-app/outside_collaborators"),
        status=204,
        login="eve",
    ),
    Step(f"DELETE {R}/collaborators/eve", None, (f"{R}/collaborators/eve",), status=204),
    Step(f"DELETE {TEAM_REPOSITORY}", None, (f"{R}/teams",), status=204),
    Step(f"PUT {TEAM_REPOSITORY}", {"permission": "triage"}, (f"{R}/teams",), status=204),
    Step(
        "PUT /orgs/mano-app/memberships/bob",
        {"role": "admin"},
        ("/orgs/mano-app/memberships/bob", "/orgs/mano-app/members?role=admin"),
    ),
)
