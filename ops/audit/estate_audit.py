"""One audit: reads both clouds at once, and compares what the stacks declare with what was found."""

import asyncio
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estate.branch_ruleset import declare_ruleset
from estate.code_owners import name_owners, read_workflow_owners
from estate.declared_project import declare_project
from estate.declared_repository import declare_repository
from estate.entity import Entity, Kind, Value
from estate.workflow_checks import read_reported_checks
from ops.audit import github_reading, posture, supabase_reading
from ops.audit.acceptance import apply_accepted, read_accepted
from ops.audit.answer_forms import check_github, check_supabase
from ops.audit.comparison import Expected, compare, find_rules_beside, find_unmanaged, unreadable
from ops.audit.finding import Finding, Verdict
from ops.audit.github_estate import describe_github
from ops.audit.live_estate import LiveEstate
from ops.audit.reader import Reader
from ops.audit.receipts import Receipts, read_receipts
from ops.audit.refusal import Refusal
from ops.audit.report import BranchScore, Report
from ops.audit.stack_facts import give_sources
from ops.audit.supabase_estate import declare_released, describe_supabase, find_known_versions
from release.error import ReleaseError
from settings.stack import Settings

_SECRETS = (Kind.ENVIRONMENT_SECRET, Kind.REPOSITORY_SECRET)
_OF_THE_REPOSITORY = (
    Kind.ENVIRONMENT,
    Kind.REPOSITORY_SECRET,
    Kind.REPOSITORY_VARIABLE,
    Kind.ADMINISTRATOR,
    Kind.DEPLOY_KEY,
    Kind.WEBHOOK,
)
_OF_AN_ENVIRONMENT = (Kind.ENVIRONMENT_SECRET, Kind.ENVIRONMENT_VARIABLE)
_RULES = (Kind.PROTECTION_RULE, Kind.RULESET)
_OF_A_PROJECT = (Kind.FUNCTION, Kind.FUNCTION_SECRET)


@dataclass(frozen=True, kw_only=True)
class Readings:
    """Everything that an audit has read, before anything is compared.

    Attributes:
        github: of the repository.
        supabase: of each stack's project.
        receipts: of each stack's secrets.
        calls: API to the requests that it took.
    """

    github: github_reading.Reading
    supabase: Mapping[str, supabase_reading.Reading]
    receipts: Mapping[str, Receipts | Refusal]
    calls: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Estate:
    """What is audited.

    Attributes:
        stacks: every stack that has a file, by name; what one declares is not undeclared for another.
        audited: names of those that are compared.
        values: stack to the values of its function secrets and of its Supabase token; None for unknown ones.
        project: the folder of the stack files.
    """

    stacks: Mapping[str, Settings]
    audited: Sequence[str]
    values: Mapping[str, Mapping[str, str | None]]
    project: Path

    @property
    def chosen(self) -> Sequence[Settings]:
        """The settings of the stacks that are compared."""
        return [self.stacks[name] for name in self.audited]


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where the clouds are, and GitHub's token; `rest` and `graphql` are GitHub's two APIs."""

    rest: str
    graphql: str
    github_token: str
    supabase: str


async def read_everything(estate: Estate, endpoints: Endpoints) -> Readings:
    """Read both clouds and the stacks' states, all at once."""
    one = estate.chosen[0]
    headers = {
        "Authorization": f"Bearer {endpoints.github_token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    github = Reader("GitHub", endpoints.rest, headers)
    clients = {
        settings.stack: Reader("Supabase", endpoints.supabase, _authorize(estate.values[settings.stack]))
        for settings in estate.chosen
    }
    owners = name_owners(read_workflow_owners(estate.project), one.owner)
    try:
        reading, projects, receipts = await asyncio.gather(
            github_reading.read_github(
                github,
                endpoints.graphql,
                one.owner,
                one.repository,
                branches=[settings.branch.name for settings in estate.chosen],
                teams=sorted({*owners.teams, *_named_teams(estate.chosen)}),
            ),
            asyncio.gather(*(supabase_reading.read_supabase(clients[s.stack], s.supabase) for s in estate.chosen)),
            asyncio.gather(*(read_receipts(settings.stack) for settings in estate.chosen)),
        )
    finally:
        await asyncio.gather(github.close(), *(client.close() for client in clients.values()))
    return Readings(
        github=reading,
        supabase=dict(zip(estate.audited, projects, strict=True)),
        receipts=dict(zip(estate.audited, receipts, strict=True)),
        calls={"GitHub": github.calls, "Supabase": sum(client.calls for client in clients.values())},
    )


def audit_estate(estate: Estate, readings: Readings, now: dt.datetime, secret_days: int) -> Report:
    """Compare; nothing is read here but the files of the project.

    Args:
        estate: what is declared.
        readings: what was found.
        now: the moment, for ages and for what is accepted until a day.
        secret_days: the age, in days, from which on a secret is told to be old.

    Raises:
        ReleaseError: the file of accepted findings, or a workflow, can't be used.
    """
    accepted = read_accepted(estate.project)
    readings = Readings(
        github=check_github(readings.github),
        supabase={stack: check_supabase(reading) for stack, reading in readings.supabase.items()},
        receipts=readings.receipts,
        calls=readings.calls,
    )
    apps = {s.branch.name: s.branch.protection.checks_app for s in estate.stacks.values()}
    repository = describe_github(estate.chosen[0].repository, readings.github, apps)
    projects = {
        settings.stack: describe_supabase(readings.supabase[settings.stack], settings.supabase)
        for settings in estate.chosen
    }
    verdicts: list[Verdict] = []
    findings: list[Finding] = []
    for settings in estate.chosen:
        reading, project = readings.supabase[settings.stack], projects[settings.stack]
        for expected, live in (
            (_expect_repository(settings, readings), repository),
            (_expect_project(settings, estate.values[settings.stack]), project),
            (_expect_released(settings, reading), project),
        ):
            own, differences = compare(expected, live)
            verdicts += own
            findings += differences
        findings += _judge(settings, estate, readings, repository)
        findings += posture.judge_ages(settings, _secrets_of(settings), repository, now, secret_days)
        findings += _unmanaged_in_project(settings, reading, project)
    findings += _unmanaged_in_repository(estate, readings, repository)
    marked = apply_accepted(_without_doubles(findings), accepted, now.date())
    return Report(
        at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        repository=f"{estate.chosen[0].owner}/{estate.chosen[0].repository}",
        stacks=tuple(estate.audited),
        calls=readings.calls,
        verdicts=tuple(verdicts),
        findings=tuple(sorted(marked, key=lambda finding: (-finding.severity.rank, finding.stack, finding.id))),
        scores=tuple(_score(settings, repository) for settings in estate.chosen),
    )


def _authorize(values: Mapping[str, str | None]) -> dict[str, str]:
    return {"Authorization": f"Bearer {values['SUPABASE_ACCESS_TOKEN'] or ''}"}


def _named_teams(stacks: Sequence[Settings]) -> Iterator[str]:
    for settings in stacks:
        yield from settings.branch.protection.pushes.teams
        for environment in settings.environments.values():
            yield from environment.reviewers.teams


def _expect_repository(settings: Settings, readings: Readings) -> list[Expected]:
    project = readings.supabase[settings.stack]["project"]
    ref = project["id"] if isinstance(project, dict) else None
    receipts = readings.receipts[settings.stack]
    expected = []
    for entity in declare_repository(settings, give_sources(settings, ref)):
        unknown: dict[str, Refusal] = {}
        fields: dict[str, Value] = dict(entity.fields)
        if entity.kind in _SECRETS and isinstance(receipts, Refusal):
            unknown["updated_at"] = receipts
        elif entity.kind in _SECRETS:
            assert not isinstance(receipts, Refusal)  # noqa: S101 - for mypy; the branch above
            fields["updated_at"] = receipts.get(entity.name, "not written by this stack")
            if fields["updated_at"] is None:
                unknown["updated_at"] = _without_receipt(settings.stack)
        elif "value" in fields and entity.name.rpartition("/")[2] in settings.variable_names():
            if fields["value"] is None:
                unknown["value"] = Refusal(reason="the environment of this audit has no variable of that name")
        elif isinstance(project, Refusal) and "value" in fields:
            unknown["value"] = project
        if entity.kind in _SECRETS and entity.name in settings.by_hand():
            # Whether it is there yet, and when it was set, is nothing that this program decides.
            continue
        known = Entity(kind=entity.kind, name=entity.name, fields=fields)
        expected.append(Expected(stack=settings.stack, entity=known, unknown=unknown))
    return expected


def _without_receipt(stack: str) -> Refusal:
    return Refusal(
        reason=f"GitHub did not tell when it was written, so the state of stack {stack} has no moment to compare with",
        remedy=f"pulumi refresh --stack {stack}, which takes what GitHub tells then for the moment of our write",
    )


def _expect_project(settings: Settings, values: Mapping[str, str | None]) -> list[Expected]:
    missing = Refusal(
        reason="the value that the stack declares is neither in the environment nor in the configuration, so there is"
        " nothing to compare the digest with"
    )
    return [
        Expected(
            stack=settings.stack,
            entity=entity,
            unknown={"sha256": missing}
            if entity.kind is Kind.FUNCTION_SECRET and entity.fields["sha256"] is None
            else {},
        )
        for entity in declare_project(settings, values)
    ]


def _expect_released(settings: Settings, reading: supabase_reading.Reading) -> list[Expected]:
    released = declare_released(reading)
    if isinstance(released, Refusal):
        return []
    return [Expected(stack=settings.stack, entity=entity, unknown={}) for entity in released]


def _secrets_of(settings: Settings) -> list[tuple[Kind, str]]:
    return [(e.kind, e.name) for e in declare_repository(settings, give_sources(settings, None)) if e.kind in _SECRETS]


def _judge(settings: Settings, estate: Estate, readings: Readings, live: LiveEstate) -> Iterator[Finding]:
    try:
        reported = read_reported_checks(estate.project)
    except ValueError as error:
        raise ReleaseError(str(error)) from error
    owners = read_workflow_owners(estate.project)
    yield from posture.judge_rules(settings, readings.github, reported, owners)
    yield from posture.judge_checks(settings, readings.github)
    yield from posture.judge_demands(settings, live)
    yield from posture.judge_holds(settings.stack, readings.supabase[settings.stack].get("database", {}))


def _unmanaged_in_project(settings: Settings, reading: supabase_reading.Reading, live: LiveEstate) -> Iterator[Finding]:
    stack, released = settings.stack, declare_released(reading)
    if isinstance(released, Refusal):
        for kind in (Kind.FUNCTION, Kind.MIGRATION):
            yield unreadable(stack, kind, "what was released", None, released)
    else:
        functions = {entity.name for entity in released if entity.kind is Kind.FUNCTION}
        yield from find_unmanaged(Kind.FUNCTION, live, functions, stack)
        yield from find_unmanaged(Kind.MIGRATION, live, find_known_versions(reading), stack)
    yield from find_unmanaged(Kind.FUNCTION_SECRET, live, settings.function_secrets, stack)


def _unmanaged_in_repository(estate: Estate, readings: Readings, live: LiveEstate) -> Iterator[Finding]:
    declared: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for settings in estate.stacks.values():
        for entity in declare_repository(settings, give_sources(settings, None)):
            declared[entity.kind].add(entity.name)
    repository: Any = readings.github["repository"]
    default = "" if isinstance(repository, Refusal) else repository["default_branch"]
    branches = {settings.branch.name: settings.stack for settings in estate.chosen}
    for kind in _RULES:
        yield from find_rules_beside(kind, live, declared[kind], branches, default)
    environments = {name: settings.stack for settings in estate.chosen for name in settings.environments}
    for kind in _OF_AN_ENVIRONMENT:
        yield from find_unmanaged(kind, live, declared[kind], environments)
    owner = next((settings.stack for settings in estate.chosen if settings.owns_repository), None)
    if owner:
        for kind in _OF_THE_REPOSITORY:
            yield from find_unmanaged(kind, live, declared[kind], owner)


def _score(settings: Settings, live: LiveEstate) -> BranchScore:
    found = posture.score(settings, live, declare_ruleset(settings.branch).name)
    return BranchScore(
        branch=settings.branch.name,
        points=found.points if found else None,
        missing=found.missing if found else (),
    )


def _without_doubles(findings: Sequence[Finding]) -> list[Finding]:
    """Leave one of several findings that say the same of the same thing, as two stacks' posture does."""
    return list({(finding.stack, finding.id): finding for finding in findings}.values())
