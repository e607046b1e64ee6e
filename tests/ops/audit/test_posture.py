import pytest

from estate.entity import Kind
from estate.scorecard import score_branch
from ops.audit.finding import Severity
from tests.ops.audit.conftest import Clouds, declare


def test_the_declared_defaults_reach_eight_of_ten_and_what_ten_takes(clouds: Clouds) -> None:
    assert {score.branch: score.points for score in clouds.audit().scores} == {"main": 8, "staging": 8}
    main = clouds.audit().scores[0]
    assert main.missing == ("two approvals are needed",)
    reviews = {"approvals": 2}
    branch = {"name": "main", "protection": {"requiredChecks": ["tests"], "reviews": reviews}}
    full = Clouds.clean(clouds.estate.project, {"production": declare("production", branch=branch)})
    assert [score.points for score in full.audit().scores] == [10]


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ({}, 8),
        ({"requiredApprovingReviewCount": 2}, 10),
        ({"requiredApprovingReviewCount": 2, "dismissesStaleReviews": False}, 9),
        ({"requiredApprovingReviewCount": 2, "requiresCodeOwnerReviews": False}, 8),
        ({"requiredStatusChecks": ()}, 3),
        ({"requiresStrictStatusChecks": False}, 3),
        ({"allowsForcePushes": True}, 0),
        ({"allowsDeletions": True}, 0),
    ],
)
def test_each_tier_counts_only_above_the_one_below(clouds: Clouds, changes: dict[str, object], points: int) -> None:
    del clouds
    rule = {
        "allowsForcePushes": False,
        "allowsDeletions": False,
        "isAdminEnforced": True,
        "requiresApprovingReviews": True,
        "requiredApprovingReviewCount": 1,
        "requiresStrictStatusChecks": True,
        "requireLastPushApproval": True,
        "requiredStatusChecks": ("tests",),
        "requiresCodeOwnerReviews": True,
        "dismissesStaleReviews": True,
    }
    assert score_branch({**rule, **changes}, {}).points == points  # type: ignore[dict-item]  # object is what the table has


def test_no_rule_at_all_scores_nothing() -> None:
    assert score_branch({}, {}).points == 0


def test_a_required_check_that_did_not_report(clouds: Clouds) -> None:
    runs = clouds.github["reported main"]["runs"]
    runs[0]["app"] = {"id": 1}
    (finding,) = clouds.audit().findings
    assert (finding.id, finding.severity) == ("posture: main: check backend-tests", Severity.HIGH)
    assert "pull request 7" in str(finding.live)


def test_before_the_first_merge_nothing_is_held_against_the_checks(clouds: Clouds) -> None:
    clouds.github["reported main"] = None
    report = clouds.audit()
    assert [finding.severity for finding in report.findings] == [Severity.INFO]
    assert report.exit_code(Severity.LOW) == 0


def test_what_the_process_asks_is_asked_of_the_live_rule(clouds: Clouds) -> None:
    clouds.github["rules"][0]["isAdminEnforced"] = False
    found = {finding.id: finding for finding in clouds.audit().findings}
    assert found.keys() == {
        f"{Kind.PROTECTION_RULE}: main: isAdminEnforced",
        "posture: main: administrators are held to it",
    }
    assert found[f"{Kind.PROTECTION_RULE}: main: isAdminEnforced"].severity is Severity.CRITICAL


def test_a_reviewer_who_left_locks_everybody_out(clouds: Clouds) -> None:
    clouds.github["collaborators"] = [c for c in clouds.github["collaborators"] if c["login"] != "grace"]
    assert any("grace does not exist" in str(finding.live) for finding in clouds.audit().findings)


def test_a_plan_that_lacks_a_rule_and_one_that_is_not_told(clouds: Clouds) -> None:
    clouds.github["organization"]["plan"]["name"] = "free"
    assert any("has the plan free" in str(finding.live) for finding in clouds.audit().findings)
    del clouds.github["organization"]["plan"]
    report = clouds.audit()
    assert {finding.permission for finding in report.findings} == {"organization_plan=read"}
    clouds.github["repository"]["private"] = False
    assert clouds.audit().findings == ()
