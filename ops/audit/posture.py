"""Whether the rules do what the process asks of them, apart from whether they are the declared ones."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from estate.entity import Kind, Value
from estate.lock_out import find_lock_outs
from estate.people import People, Team, describe_persons, describe_team
from estate.plan_features import find_missing_features
from estate.scorecard import Score, score_branch
from ops.audit.comparison import unreadable
from ops.audit.finding import Finding, Severity, State
from ops.audit.github_reading import Reading
from ops.audit.live_estate import LiveEntity, LiveEstate
from ops.audit.refusal import Refusal
from settings.stack import Settings

_KIND = "posture"


def judge_rules(
    settings: Settings, reading: Reading, reported: frozenset[str] | None, owners: tuple[str, ...]
) -> Iterator[Finding]:
    """Find rules that nobody could meet, and those that the owner's plan does not have.

    Args:
        settings: the stack's.
        reading: what GitHub told.
        reported: the checks that the workflows here report; None where there are no workflows.
        owners: whom CODEOWNERS names for `.github/`.
    """
    people = read_people(reading)
    if isinstance(people, Refusal):
        yield unreadable(settings.stack, _KIND, "who could approve", None, people)
    else:
        for problem in find_lock_outs(settings, people, reported, owners):
            yield _problem(settings.stack, problem, Severity.HIGH)
    repository, organization = reading["repository"], reading["organization"]
    for part in (repository, organization):
        if isinstance(part, Refusal):
            yield unreadable(settings.stack, _KIND, "what the plan has", None, part)
            return
    plan = ((organization or {}).get("plan") or {}).get("name")
    if organization and plan is None and repository["private"]:
        reason = Refusal(reason="GitHub does not tell the owner's plan", permission="organization_plan=read")
        yield unreadable(settings.stack, _KIND, "what the plan has", None, reason)
    for problem in find_missing_features(settings, private=repository["private"], plan=plan):
        yield _problem(settings.stack, problem, Severity.MEDIUM)


def judge_checks(settings: Settings, reading: Reading) -> Iterator[Finding]:
    """Find required checks that did not report on the pull request that was merged last."""
    branch, protection = settings.branch.name, settings.branch.protection
    answer = reading[f"reported {branch}"]
    if not protection.required_checks:
        return
    if isinstance(answer, Refusal):
        yield unreadable(settings.stack, _KIND, f"which checks report on {branch}", None, answer)
        return
    if answer is None:
        text = f"nothing was merged into {branch} yet, so whether its required checks report is not known"
        yield _finding(settings.stack, f"{branch}: required checks", text, Severity.INFO, "merge a pull request")
        return
    seen = {(run["name"], (run["app"] or {}).get("id")) for run in answer["runs"]}
    for check in protection.required_checks:
        if (check, protection.checks_app) not in seen:
            text = f"{check} did not report on pull request {answer['pull']}, the last one merged into {branch}"
            remedy = f"let a workflow report {check} on pull requests, or remove it from branch.protection"
            yield _finding(settings.stack, f"{branch}: check {check}", text, Severity.HIGH, remedy)


def judge_demands(settings: Settings, live: LiveEstate) -> Iterator[Finding]:
    """Find what the process asks of a branch and its live rule does not ask: approval, checks, administrators too."""
    branch = settings.branch.name
    rule = live.find(Kind.PROTECTION_RULE, branch)
    if not isinstance(rule, LiveEntity):
        return  # missing or unreadable is a finding of its own
    fields = rule.fields
    demands = {
        "a pull request needs an approval": fields.get("requiresApprovingReviews") is True
        and fields.get("requiredApprovingReviewCount") != 0,
        "a check is required": bool(fields.get("requiredStatusChecks")),
        "administrators are held to it": fields.get("isAdminEnforced") is True,
    }
    if settings.promotion.validated_by:
        demands["only administrators push"] = fields.get("restrictsPushes") is True
        demands["the branch has to be up to date"] = fields.get("requiresStrictStatusChecks") is True
    for demand, met in demands.items():
        if not met:
            text = f"the process asks of {branch} that {demand}, and the live rule does not"
            remedy = f"set it in branch.protection of Pulumi.{settings.stack}.yaml, and run pulumi up"
            yield _finding(settings.stack, f"{branch}: {demand}", text, Severity.MEDIUM, remedy)


def judge_ages(
    settings: Settings, names: Sequence[tuple[Kind, str]], live: LiveEstate, now: datetime, days: int
) -> Iterator[Finding]:
    """Find secrets that nobody wrote for longer than `days`."""
    for kind, name in names:
        entity = live.find(kind, name)
        if not isinstance(entity, LiveEntity) or entity.since is None:
            continue
        age = now - datetime.fromisoformat(entity.since)
        if age > timedelta(days=days):
            remedy = (
                f"rotate it where it is issued, then pulumi config set --secret {name.rpartition('/')[2]} --stack"
                f" {settings.stack} and pulumi up"
            )
            yield Finding(
                id=f"{kind}: {name}: age",
                state=State.DRIFTED,
                severity=Severity.LOW,
                stack=settings.stack,
                kind=kind,
                name=name,
                field="age",
                declared=f"at most {days} days",
                live=f"{age.days} days",
                since=entity.since,
                remedy=remedy,
            )


def judge_holds(stack: str, database: Any) -> Iterator[Finding]:
    """Find release hashes that a rollback left and that nobody has let in again."""
    for row in () if isinstance(database, Refusal) else database.get("hold", ()):
        yield Finding(
            id=f"hold: {row['digest'][:12]}",
            state=State.UNMANAGED,
            severity=Severity.MEDIUM,
            stack=stack,
            kind="hold",
            name=row["digest"][:12],
            live=f"record {row['record']}: {row['reason']}",
            since=row["at"],
            remedy=f"release something else, or python -m ops rollback --stack {stack} --clear lets it in again",
        )


def score(settings: Settings, live: LiveEstate, ruleset: str) -> Score | None:
    """Score a stack's branch by its live rules; None where they could not be read."""
    rules = [live.find(Kind.PROTECTION_RULE, settings.branch.name), live.find(Kind.RULESET, ruleset)]
    if any(isinstance(rule, Refusal) for rule in rules):
        return None
    rule, beside = (_known(rule) if isinstance(rule, LiveEntity) else {} for rule in rules)
    return score_branch(rule, beside)


def read_people(reading: Reading) -> People | Refusal:
    """Give who has access, and the teams that matter, by what GitHub told."""
    teams: dict[str, Team] = {}
    for part, answer in reading.items():
        if not part.startswith("team ") or answer is None:
            continue
        if isinstance(answer, Refusal):
            return answer
        teams[part.removeprefix("team ")] = describe_team(answer, answer["members"])
    collaborators = reading["collaborators"]
    if isinstance(collaborators, Refusal):
        return collaborators
    return People(persons=describe_persons(collaborators), teams=teams)


def _known(entity: LiveEntity) -> Mapping[str, Value]:
    return {field: value for field, value in entity.fields.items() if not isinstance(value, Refusal)}


def _problem(stack: str, problem: str, severity: Severity) -> Finding:
    text, _, remedy = problem.partition(" Remedy: ")
    key = text.partition(":")[0].partition(" has no effect")[0]
    return _finding(stack, key, text, severity, remedy or "see the text")


def _finding(stack: str, name: str, text: str, severity: Severity, remedy: str) -> Finding:
    return Finding(
        id=f"{_KIND}: {name}",
        state=State.DRIFTED,
        severity=severity,
        stack=stack,
        kind=_KIND,
        name=name,
        live=text,
        remedy=remedy,
    )
