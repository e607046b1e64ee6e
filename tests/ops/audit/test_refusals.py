"""What can't be read is never clean."""

from typing import Any

import pytest

from ops.audit.finding import Severity, State
from ops.audit.refusal import Refusal
from tests.ops.audit.conftest import Clouds

FORBIDDEN = Refusal(reason="GitHub answered 403", permission="some=read")
# Part of the reading to kinds that must not be in sync then; a kind that nothing declares has a finding instead.
PARTS = {
    "repository": "repository",
    "rules": "protection rule",
    "rulesets": "ruleset",
    "environments": "environment variable",
    "secrets": "repository secret",
    "variables": "repository variable",
    "actions": "Actions permissions",
    "labels": "label",
    "keys": "deploy key",
    "webhooks": "webhook",
    "collaborators": "administrator",
    "branch main": "branch",
    "secrets of production": "environment secret",
    "variables of production": "environment variable",
    "policies of production": "environment",
    "organization": "posture",
    "team keepers": "posture",
    "reported main": "posture",
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_github_that_is_refused(clouds: Clouds, part: str) -> None:
    clouds.github[part] = FORBIDDEN
    report = clouds.audit()
    told = [finding for finding in report.findings if finding.kind == PARTS[part]]
    assert told
    assert {(finding.state, finding.permission) for finding in told} == {(State.UNREADABLE, "some=read")}
    assert report.exit_code(Severity.CRITICAL) == 1
    names = {finding.name for finding in told}
    clean = [v for v in report.verdicts if v.kind == PARTS[part] and v.name in names and v.state is State.IN_SYNC]
    assert clean == []


@pytest.mark.parametrize("part", ["functions", "secrets", "database", "auth", "networks", "ssl", "hostname", "project"])
def test_a_part_of_supabase_that_is_refused(clouds: Clouds, part: str) -> None:
    clouds.supabase["production"][part] = FORBIDDEN
    report = clouds.audit()
    assert [finding for finding in report.findings if finding.permission == "some=read"]
    assert {finding.state for finding in report.findings} == {State.UNREADABLE}
    assert report.exit_code(Severity.CRITICAL) == 1


@pytest.mark.parametrize("field", ["allow_squash_merge", "security_and_analysis"])
def test_fields_that_github_leaves_out_for_a_token_without_rights(clouds: Clouds, field: str) -> None:
    del clouds.github["repository"][field]
    (finding,) = clouds.audit().findings
    assert (finding.state, finding.permission) == (State.UNREADABLE, "administration=read")


def test_who_bypasses_a_ruleset_is_told_to_administrators_only(clouds: Clouds) -> None:
    del clouds.github["rulesets"][0]["bypass_actors"]
    (finding,) = clouds.audit().findings
    assert (finding.field, finding.permission) == ("bypass_actors", "administration=write")


@pytest.mark.parametrize("part", ["rules", "rulesets", "environments", "secrets", "labels", "collaborators"])
def test_an_answer_of_another_form_is_unreadable(clouds: Clouds, part: str) -> None:
    clouds.github[part] = [{"message": "moved"}]
    report = clouds.audit()
    assert [finding for finding in report.findings if "another form" in str(finding.live)]
    assert report.exit_code(Severity.CRITICAL) == 1


STRANGE: list[Any] = [None, 1, "text", [], {}, [None], [1], [{}], {"name": []}, [{"name": None, "app": 1}], [[]]]


@pytest.mark.parametrize("strange", STRANGE, ids=str)
def test_whatever_an_answer_is_there_is_a_report(clouds: Clouds, strange: Any) -> None:
    for api in (clouds.github, clouds.supabase["production"]):
        for part in list(api):
            kept, api[part] = api[part], strange
            report = clouds.audit()
            api[part] = kept
            assert report.verdicts, part


def test_a_project_that_is_not_there_is_missing(clouds: Clouds) -> None:
    clouds.supabase["staging"] = {"project": None}
    found = {finding.id: finding.state for finding in clouds.audit().findings}
    assert found["project: app-staging"] is State.MISSING
    assert found["function secret: API_KEY"] is State.MISSING
