"""The forms that the answers must have to be compared; one that has another form counts as not read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ops.audit.refusal import Refusal


class _Form(BaseModel):
    """What is used of an answer; it may hold more."""

    model_config = ConfigDict(strict=True)


class _Named(_Form):
    name: str


class _App(_Form):
    database_id: int | None = Field(alias="databaseId")


class _Check(_Form):
    context: str
    app: _App | None


class _Actor(_Form):
    kind: str = Field(alias="__typename")
    login: str = ""
    slug: str = ""


class _Allowance(_Form):
    actor: _Actor | None


class _Allowances(_Form):
    nodes: list[_Allowance]


class _Rule(_Form):
    pattern: str
    checks: list[_Check] | None = Field(alias="requiredStatusChecks")
    environments: list[str] | None = Field(alias="requiredDeploymentEnvironments")
    pushes: _Allowances = Field(alias="pushAllowances")
    dismissals: _Allowances = Field(alias="reviewDismissalAllowances")
    force_pushes: _Allowances = Field(alias="bypassForcePushAllowances")
    pull_requests: _Allowances = Field(alias="bypassPullRequestAllowances")


class _RulesetRule(_Form):
    type: str
    parameters: dict[str, Any] | None = None


class _Bypass(_Form):
    actor_type: str
    bypass_mode: str


class _Ruleset(_Named):
    id: int
    target: str
    enforcement: str
    source: str
    source_type: str
    rules: list[_RulesetRule]
    bypass_actors: list[_Bypass] = []
    conditions: dict[str, dict[str, Any]] | None = None


class _Repository(_Named):
    private: bool
    default_branch: str
    security_and_analysis: dict[str, dict[str, Any]] | None = None


class _Organization(_Form):
    plan: _Named | None = None


class _Reviewer(_Form):
    login: str = ""
    slug: str = ""


class _Review(_Form):
    type: str
    reviewer: _Reviewer


class _ProtectionRule(_Form):
    type: str
    reviewers: list[_Review] = []
    wait_timer: int = 0


class _Policy(_Form):
    protected_branches: bool
    custom_branch_policies: bool


class _Environment(_Named):
    url: str
    protection_rules: list[_ProtectionRule] = []
    deployment_branch_policy: _Policy | None


class _Secret(_Named):
    updated_at: datetime = Field(strict=False)


class _Variable(_Secret):
    value: str


class _Selected(_Form):
    patterns_allowed: list[str] = []


class _Actions(_Form):
    permissions: dict[str, Any]
    workflow: dict[str, Any]
    selected: _Selected


class _Label(_Named):
    color: str
    description: str | None


class _Key(_Form):
    id: int
    title: str
    key: str
    read_only: bool
    created_at: str


class _Address(_Form):
    url: str = ""


class _Webhook(_Form):
    url: str
    active: bool
    events: list[str]
    updated_at: str
    config: _Address


class _Permissions(_Form):
    admin: bool
    push: bool


class _Login(_Form):
    login: str


class _Collaborator(_Login):
    id: int
    node_id: str
    permissions: _Permissions


class _Reporter(_Form):
    id: int


class _Run(_Named):
    app: _Reporter | None


class _Reported(_Form):
    pull: int
    runs: list[_Run]


class _Team(_Form):
    id: int
    node_id: str
    members: list[_Login]


class _Project(_Named):
    id: str
    region: str
    organization_id: str
    organization_slug: str | None = None
    status: str


class _Function(_Form):
    slug: str
    version: int
    status: str
    ezbr_sha256: str | None = None
    verify_jwt: bool | None = None


class _FunctionSecret(_Named):
    value: str


class _Migration(_Form):
    version: str


class _ManifestRow(_Form):
    part: str
    live: str


class _Record(_Form):
    migrations: list[str]


class _Hold(_Form):
    digest: str
    record: int
    at: str
    reason: str


class _Database(_Form):
    ledger: list[_Migration] = []
    manifest: list[_ManifestRow] = []
    records: list[_Record] = []
    hold: list[_Hold] = []


class _Cidrs(_Form):
    four: list[str] = Field(default=[], alias="dbAllowedCidrs")
    six: list[str] = Field(default=[], alias="dbAllowedCidrsV6")


class _Networks(_Form):
    config: _Cidrs


class _Enforced(_Form):
    database: bool


class _Ssl(_Form):
    current: _Enforced = Field(alias="currentConfig")


class _Hostname(_Form):
    custom_hostname: str
    status: str


def _forms(types: Mapping[str, Any]) -> Mapping[str, TypeAdapter[Any]]:
    return {part: TypeAdapter(form) for part, form in types.items()}


# By the first word of the part, so that `secrets of production` has the form of `secrets`.
_GITHUB = _forms(
    {
        "repository": _Repository,
        "organization": _Organization | None,
        "rules": list[_Rule],
        "rulesets": list[_Ruleset],
        "environments": list[_Environment],
        "secrets": list[_Secret],
        "variables": list[_Variable],
        "policies": list[_Named],
        "actions": _Actions,
        "labels": list[_Label],
        "keys": list[_Key],
        "webhooks": list[_Webhook],
        "collaborators": list[_Collaborator],
        "branch": dict[str, Any] | None,
        "reported": _Reported | None,
        "team": _Team | None,
    }
)
_SUPABASE = _forms(
    {
        "project": _Project | None,
        "functions": list[_Function],
        "secrets": list[_FunctionSecret],
        "database": _Database,
        "auth": dict[str, Any],
        "networks": _Networks,
        "ssl": _Ssl,
        "hostname": _Hostname,
    }
)


def check_github(reading: Mapping[str, Any]) -> dict[str, Any]:
    """Give a reading of GitHub in which every answer has the form that is known, or is a `Refusal`."""
    return {part: _check("GitHub", part, answer, _GITHUB[part.partition(" ")[0]]) for part, answer in reading.items()}


def check_supabase(reading: Mapping[str, Any]) -> dict[str, Any]:
    """Give a reading of Supabase in which every answer has the form that is known, or is a `Refusal`."""
    return {part: _check("Supabase", part, answer, _SUPABASE[part]) for part, answer in reading.items()}


def _check(api: str, part: str, answer: Any, form: TypeAdapter[Any]) -> Any:
    if isinstance(answer, Refusal):
        return answer
    try:
        form.validate_python(answer)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors()[0]["loc"])
        return Refusal(reason=f"what {api} answered of {part} has another form than its contract, at {where or 'all'}")
    return answer
