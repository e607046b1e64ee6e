"""Each line of the process document's lists of setup, and the declaration that holds it, in the reviewed plans."""

from pathlib import Path
from typing import Any

import pytest
import yaml

GOLDEN = Path(__file__).parent / "golden"
RULE, RULESET = "BranchProtection::branch", "RepositoryRuleset::branch"
REVIEWS = "inputs.requiredPullRequestReviews.0.requiredApprovingReviewCount"
CHECKS = "inputs.rules.requiredStatusChecks.requiredChecks"

LINES: list[tuple[str, str, str, str, Any]] = [
    ("Main: require pull request reviews (1 approval)", "production", RULE, REVIEWS, 1),
    ("Main: require status checks to pass", "production", RULESET, f"{CHECKS}.0.context", "backend-tests"),
    ("Main: require branches to be up to date", "production", RULE, "inputs.requiredStatusChecks.0.strict", True),
    ("Main: restrict who can push (admins only)", "production", RULE, "inputs.restrictPushes.0.pushAllowances", []),
    ("Main: only allow staging branch to merge", "production", RULESET, f"{CHECKS}.3.context", "release-source"),
    ("… reported by Actions and nobody else", "production", RULESET, f"{CHECKS}.3.integrationId", 15368),
    ("Staging: require pull request reviews", "staging", RULE, REVIEWS, 1),
    ("Staging: require status checks to pass", "staging", RULESET, f"{CHECKS}.0.context", "backend-tests"),
    ("Staging: allow feature branches to merge", "staging", RULE, "inputs.restrictPushes", None),
    ("Create staging branch from current main", "staging", "Branch::branch", "inputs.sourceBranch", "main"),
    ("Staging project: name", "staging", "Project::project", "inputs.name", "mano-staging"),
    ("Staging project: same region as production", "staging", "Project::project", "inputs.region", "eu-central-1"),
    ("Production project", "production", "Project::project", "options.import", "zfroutbzdkhivnpiezho"),
    (
        "Production deployment approved",
        "production",
        "Environment::environment-production",
        "inputs.reviewers.0.teams",
        [9],
    ),
    *[
        (f"Secret {name} of {stack}", stack, f"::environment-{stack}-{name}", "inputs.secretName", name)
        for stack in ("staging", "production")
        for name in ("SUPABASE_ACCESS_TOKEN", "ANTHROPIC_API_KEY", "SUPABASE_DB_PASSWORD")
    ],
    (
        "Secret STAGING_PROJECT_REF",
        "staging",
        "::environment-staging-STAGING_PROJECT_REF",
        "inputs.secretName",
        "STAGING_PROJECT_REF",
    ),
    (
        "STAGING_API_URL, which a workflow uses and no list names",
        "staging",
        "::environment-staging-STAGING_API_URL",
        "inputs.variableName",
        "STAGING_API_URL",
    ),
]


@pytest.mark.parametrize(("line", "stack", "resource", "path", "value"), LINES, ids=[line for line, *_ in LINES])
def test_a_line_is_declared(line: str, *, stack: str, resource: str, path: str, value: Any) -> None:
    plan = yaml.safe_load((GOLDEN / f"{stack}.yaml").read_text(encoding="utf-8"))
    (entry,) = [entry for urn, entry in plan.items() if urn.endswith(resource) and "$deployment:" not in urn]
    found: Any = entry
    for part in path.split("."):
        found = found[int(part)] if isinstance(found, list) else found.get(part)
    assert found == value, line
