import datetime as dt
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops.audit.estate_audit import Estate, Readings, audit_estate
from ops.audit.report import Report
from settings.stack import Settings
from tests.ops.audit.live_answers import SECRET_VALUE, github_answers, receipts, supabase_answers

NOW = dt.datetime(2026, 6, 2, tzinfo=dt.UTC)
REFS = {"staging": "a" * 20, "production": "b" * 20}
OWNERS = "/.github/ @acme/keepers\n"


def declare(stack: str, **changes: Any) -> Settings:
    """Give settings as a stack file would, one field of each kind filled."""
    production = stack == "production"
    document: dict[str, Any] = {
        "stack": stack,
        "owner": "acme",
        "repository": "app",
        "repositoryOwnerStack": "production",
        "githubPlan": "enterprise",
        "supabase": {
            "organization": f"acme-{stack}",
            "project": {"name": f"app-{stack}", "region": "eu-central-1"},
            "auth": {"site_url": f"app-{stack}://login", "jwt_exp": 3600, "disable_signup": False},
            "database": {"allowedNetworks": ["203.0.113.0/24", "2001:db8::/32"], "sslEnforced": True},
            "customHostname": f"{stack}.example.com",
        },
        "branch": {
            "name": "main" if production else "staging",
            "protection": {
                "requiredChecks": ["backend-tests", "preview"],
                "pushes": {"users": ["ada"], "teams": ["keepers"]},
            },
        },
        "environments": {
            stack: {
                "branches": ["main", "release/*"],
                "reviewers": {"users": ["grace"], "teams": ["keepers"]},
                "preventSelfReview": True,
                "waitMinutes": 5,
                "secrets": {"TOKEN": "config", "REF": "project.ref"},
                "variables": {"URL": "project.url"},
            },
            f"{stack}-read": {"branches": "any", "secrets": {"TOKEN": "config:READ_TOKEN"}},
        },
        "repositoryWide": {
            "labels": {"hotfix": {"color": "b60205", "description": "past staging"}},
            "secrets": {"WIDE": "config"},
            "variables": {"WIDE_REF": "project.ref"},
            "actions": {"patterns": ["denoland/setup-deno@*", "supabase/setup-cli@*"]},
            "administrators": ["ada"],
        },
        "functionSecrets": ["API_KEY"],
        "promotion": {"validatedBy": "staging"} if production else {},
    }
    return Settings.model_validate(document | changes)


@dataclass
class Clouds:
    """Two stacks, and the answers that both clouds give of them."""

    estate: Estate
    github: dict[str, Any]
    supabase: dict[str, dict[str, Any]]
    receipts: dict[str, Any]

    @classmethod
    def clean(cls, project: Path, stacks: Mapping[str, Settings]) -> "Clouds":
        (project / ".github").mkdir(exist_ok=True)
        (project / ".github" / "CODEOWNERS").write_text(OWNERS, encoding="utf-8")
        values = {
            name: {**dict.fromkeys(settings.function_secrets, SECRET_VALUE), "SUPABASE_ACCESS_TOKEN": "t"}
            for name, settings in stacks.items()
        }
        return cls(
            Estate(stacks=stacks, audited=list(stacks), values=values, project=project),
            github_answers(list(stacks.values()), REFS),
            {name: supabase_answers(settings, REFS[name]) for name, settings in stacks.items()},
            {name: receipts(settings) for name, settings in stacks.items()},
        )

    def copy(self) -> "Clouds":
        return Clouds(self.estate, deepcopy(self.github), deepcopy(self.supabase), deepcopy(self.receipts))

    def audit(self, now: dt.datetime = NOW, secret_days: int = 180) -> Report:
        readings = Readings(github=self.github, supabase=self.supabase, receipts=self.receipts, calls={})
        return audit_estate(self.estate, readings, now, secret_days)


@pytest.fixture
def clouds(tmp_path: Path) -> Clouds:
    return Clouds.clean(tmp_path, {name: declare(name) for name in ("production", "staging")})
