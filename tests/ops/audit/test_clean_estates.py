"""Estates as their stacks declare them, whatever that is: nothing is found."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops.audit.finding import Severity, State
from tests.ops.audit.conftest import Clouds, declare
from tests.ops.audit.live_answers import MEMBERS, TEAMS

NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,11}", fullmatch=True).filter(
    lambda name: not name.startswith(("GITHUB_", "SUPABASE_"))
)
PRINCIPALS = st.fixed_dictionaries(
    {
        "users": st.lists(st.sampled_from(MEMBERS), unique=True),
        "teams": st.lists(st.sampled_from(list(TEAMS)), unique=True),
    }
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=30)
# What the process asks for is always there: without it an audit rightly speaks.
PROTECTION = st.fixed_dictionaries(
    {
        "reviews": st.fixed_dictionaries(
            {
                "approvals": st.integers(1, 6),
                "dismissStale": st.booleans(),
                "requireCodeOwners": st.booleans(),
                "requireLastPushApproval": st.booleans(),
            }
        ),
        "requiredChecks": st.lists(st.from_regex(r"[a-z-]{1,12}", fullmatch=True), min_size=1, max_size=5, unique=True),
        "checksApp": st.integers(1, 10**6),
        "conversationsResolved": st.booleans(),
        "pushes": PRINCIPALS,
        "mergeMethods": st.lists(st.sampled_from(["merge", "squash", "rebase"]), min_size=1, unique=True),
    }
)
ENVIRONMENT = st.fixed_dictionaries(
    {
        "branches": st.just("any") | st.lists(st.from_regex(r"[a-z/*]{1,9}", fullmatch=True), min_size=1, unique=True),
        "waitMinutes": st.integers(0, 43_200),
        "adminsMayBypass": st.booleans(),
        "secrets": st.dictionaries(NAMES, st.sampled_from(["config", "config:OTHER", "project.ref"]), max_size=3),
        "variables": st.dictionaries(NAMES, st.sampled_from(["project.ref", "project.url"]), max_size=3),
    }
)
SOMEBODY = st.fixed_dictionaries(
    {
        "users": st.lists(st.sampled_from(MEMBERS), min_size=2, unique=True),
        "teams": st.lists(st.sampled_from(list(TEAMS)), unique=True),
    }
)
REVIEWED = st.fixed_dictionaries({"reviewers": SOMEBODY, "preventSelfReview": st.booleans()})


@st.composite
def changes(draw: st.DrawFn, stack: str) -> dict[str, Any]:
    environments = {
        f"{stack}{suffix}": draw(ENVIRONMENT) | (draw(REVIEWED) if draw(st.booleans()) else {})
        for suffix in draw(st.lists(st.sampled_from(["", "-read", "-x"]), unique=True))
    }
    wide = {
        "mergeMethods": draw(st.lists(st.sampled_from(["merge", "squash", "rebase"]), min_size=1, unique=True)),
        "deleteBranchOnMerge": draw(st.booleans()),
        "pushProtection": draw(st.booleans()),
        "labels": draw(
            st.dictionaries(
                st.from_regex(r"[a-z /]{1,12}", fullmatch=True),
                st.fixed_dictionaries(
                    {"color": st.from_regex(r"[0-9a-fA-F]{6}", fullmatch=True), "description": TEXTS}
                ),
                max_size=3,
            )
        ),
        "actions": draw(
            st.fixed_dictionaries(
                {
                    "allowed": st.sampled_from(["all", "local_only", "selected"]),
                    "githubOwned": st.booleans(),
                    "verifiedCreators": st.booleans(),
                    "patterns": st.lists(TEXTS, max_size=3, unique=True),
                    "shaPinning": st.booleans(),
                    "defaultPermissions": st.sampled_from(["read", "write"]),
                    "mayApprovePullRequests": st.booleans(),
                }
            )
        ),
        "secrets": draw(st.dictionaries(NAMES, st.just("config"), max_size=2)),
        "variables": draw(st.dictionaries(NAMES, st.just("project.url"), max_size=2)),
        "administrators": draw(st.lists(st.sampled_from(MEMBERS), unique=True)),
    }
    branch = {"name": "main" if stack == "production" else "staging", "protection": draw(PROTECTION)}
    return {
        "branch": branch,
        "environments": environments,
        "repositoryWide": wide,
        "functionSecrets": draw(st.lists(NAMES, max_size=2, unique=True)),
    }


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(production=changes("production"), staging=changes("staging"))
def test_a_clean_estate_has_no_findings(production: dict[str, Any], staging: dict[str, Any]) -> None:
    stacks = {"production": declare("production", **production), "staging": declare("staging", **staging)}
    with tempfile.TemporaryDirectory() as project:
        report = Clouds.clean(Path(project), stacks).audit()
    assert [finding.model_dump() for finding in report.findings] == []
    assert {verdict.state for verdict in report.verdicts} == {State.IN_SYNC}
    assert report.exit_code(Severity.INFO) == 0
