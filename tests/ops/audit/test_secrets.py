"""Secrets, by the evidence that there is."""

import datetime as dt

from ops.audit.finding import Severity, State
from ops.audit.receipts import find_receipts
from ops.audit.refusal import Refusal
from tests.ops.audit.conftest import NOW, Clouds
from tests.ops.audit.live_answers import SECRET_VALUE

LATER = "2026-06-01T11:30:00Z"


def test_a_secret_that_somebody_wrote_after_us(clouds: Clouds) -> None:
    clouds.github["secrets of production"][0]["updated_at"] = LATER
    (finding,) = clouds.audit().findings
    assert (finding.id, finding.severity) == ("environment secret: production/TOKEN: updated_at", Severity.HIGH)
    assert (finding.live, finding.since) == (LATER, LATER)
    assert "pulumi config set --secret TOKEN --stack production" in finding.remedy


def test_a_secret_that_this_stack_never_wrote(clouds: Clouds) -> None:
    del clouds.receipts["staging"]["staging/REF"]
    (finding,) = clouds.audit().findings
    assert (finding.id, finding.declared) == (
        "environment secret: staging/REF: updated_at",
        "not written by this stack",
    )


def test_a_secret_whose_write_github_did_not_confirm(clouds: Clouds) -> None:
    clouds.receipts["staging"]["staging/REF"] = None
    report = clouds.audit()
    (finding,) = report.findings
    assert (finding.id, finding.state) == ("environment secret: staging/REF: updated_at", State.UNREADABLE)
    assert "pulumi refresh --stack staging" in finding.remedy
    assert report.exit_code(Severity.CRITICAL) == 1


def test_without_the_state_no_secret_is_clean(clouds: Clouds) -> None:
    clouds.receipts["staging"] = Refusal(reason="the state of stack staging can't be read")
    report = clouds.audit()
    secrets = [verdict for verdict in report.verdicts if "secret" in verdict.kind and verdict.stack == "staging"]
    states = {(verdict.kind, verdict.state) for verdict in secrets}
    assert states == {("environment secret", State.UNREADABLE), ("function secret", State.IN_SYNC)}
    assert report.exit_code(Severity.CRITICAL) == 1


def test_a_function_secret_with_another_value_shows_no_digest(clouds: Clouds) -> None:
    clouds.supabase["production"]["secrets"][0]["value"] = "e" * 64
    report = clouds.audit()
    (finding,) = report.findings
    assert finding.id == "function secret: API_KEY: sha256"
    assert "e" * 64 not in report.model_dump_json()
    assert SECRET_VALUE not in report.model_dump_json()


def test_a_function_secret_whose_value_is_not_known_here(clouds: Clouds) -> None:
    clouds.estate.values["staging"]["API_KEY"] = None  # type: ignore[index]  # a dictionary, made by the fixture
    (finding,) = clouds.audit().findings
    assert (finding.id, finding.state) == ("function secret: API_KEY: sha256", State.UNREADABLE)


def test_old_secrets_are_told_by_their_age(clouds: Clouds) -> None:
    report = clouds.audit(now=NOW + dt.timedelta(days=200))
    assert {finding.field for finding in report.findings} == {"age"}
    assert {(finding.severity, finding.live) for finding in report.findings} == {(Severity.LOW, "200 days")}
    assert clouds.audit(now=NOW + dt.timedelta(days=200), secret_days=365).findings == ()


def test_receipts_are_the_moments_of_our_own_writes() -> None:
    outputs: dict[str, str | None] = {
        "environment": "production",
        "secretName": "TOKEN",
        "updatedAt": "2026-06-01 10:00:00 +0000 UTC",
        "remoteUpdatedAt": "2026-06-01 11:30:00 +0000 UTC",
    }
    kind = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"
    state = {"deployment": {"resources": [{"type": kind, "outputs": outputs}, {"type": "pulumi:pulumi:Stack"}]}}
    assert find_receipts(state) == {"production/TOKEN": "2026-06-01T10:00:00Z"}
    assert find_receipts({"deployment": {}}) == {}
    outputs["updatedAt"] = None
    assert find_receipts(state) == {"production/TOKEN": None}
