"""Holds what is declared against what was found; no network, no clock."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from estate.entity import Entity, Kind, Value
from ops.audit.finding import Finding, Severity, State, Verdict
from ops.audit.live_estate import LiveEntity, LiveEstate
from ops.audit.refusal import Refusal
from ops.audit.remedy import repair_drift, repair_missing, repair_unmanaged
from ops.audit.severity import weigh_drift, weigh_missing, weigh_unmanaged

# Of these only what is declared counts: the platform tells much more than a stack manages.
_OPEN = frozenset({Kind.AUTH_SETTINGS})
_DEFAULT_BRANCH = "~DEFAULT_BRANCH"
_ALL_BRANCHES = "~ALL"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A declared thing, and what is known of it besides.

    Attributes:
        stack: the stack that declares it.
        entity: what is declared.
        unknown: fields whose declared value is not known here, with the reason.
    """

    stack: str
    entity: Entity
    unknown: Mapping[str, Refusal]


def compare(expected: Sequence[Expected], live: LiveEstate) -> tuple[list[Verdict], list[Finding]]:
    """Compare every declared thing, field by field.

    Returns:
        A verdict for each, and a finding for each difference.
    """
    verdicts, findings = [], []
    for entry in expected:
        own = list(_compare(entry, live.find(entry.entity.kind, entry.entity.name)))
        findings += own
        verdicts.append(Verdict(stack=entry.stack, kind=entry.entity.kind, name=entry.entity.name, state=_worst(own)))
    return verdicts, findings


def find_unmanaged(
    kind: Kind, live: LiveEstate, declared: Collection[str], stack_of: Mapping[str, str] | str
) -> Iterator[Finding]:
    """Find what exists and nobody declared.

    Args:
        kind: what to look for.
        live: what exists.
        declared: the names that any stack declares.
        stack_of: whose concern it is: one stack, or by the name's part before the slash; others are not looked at.
    """
    for (refused, scope), reason in live.refused.items():
        stack = stack_of if isinstance(stack_of, str) else stack_of.get(scope.removesuffix("/"), "")
        if refused is kind and (stack or not scope):
            yield unreadable(stack or "all", kind, scope.removesuffix("/") or "all of them", None, reason)
    for name, entity in live.of(kind):
        stack = stack_of if isinstance(stack_of, str) else stack_of.get(name.rpartition("/")[0], "")
        if name not in declared and stack:
            yield unmanaged(stack, kind, name, entity)


def find_rules_beside(
    kind: Kind, live: LiveEstate, declared: Collection[str], branches: Mapping[str, str], default_branch: str
) -> Iterator[Finding]:
    """Find rules that nobody declared and that govern a branch which a stack releases from.

    Args:
        kind: protection rules or rulesets.
        live: what exists.
        declared: the names that any stack declares.
        branches: branch to its stack.
        default_branch: of the repository.
    """
    for name, entity in live.of(kind):
        if name in declared:
            continue
        for branch, stack in branches.items():
            if _governs(kind, name, entity, branch, default_branch):
                yield unmanaged(stack, kind, name, entity)
                break


def unmanaged(stack: str, kind: Kind, name: str, entity: LiveEntity) -> Finding:
    """Describe something that nobody declared."""
    shown = {field: value for field, value in entity.fields.items() if not isinstance(value, Refusal)}
    return Finding(
        id=_identify(kind, name, None),
        state=State.UNMANAGED,
        severity=_weigh_extra(kind, entity),
        stack=stack,
        kind=kind,
        name=name,
        live=None if kind in {Kind.ENVIRONMENT_SECRET, Kind.REPOSITORY_SECRET, Kind.FUNCTION_SECRET} else shown or None,
        since=entity.since,
        by=entity.by,
        remedy=repair_unmanaged(kind, entity.remedy, stack),
    )


def unreadable(stack: str, kind: str, name: str, field: str | None, reason: Refusal) -> Finding:
    """Describe something that could not be read."""
    remedy = reason.remedy or (
        f"give the token {reason.permission}, then run this again"
        if reason.permission
        else "run this again when it can be read"
    )
    return Finding(
        id=_identify(kind, name, field),
        state=State.UNREADABLE,
        severity=Severity.HIGH,
        stack=stack,
        kind=kind,
        name=name,
        field=field,
        live=reason.reason,
        permission=reason.permission,
        remedy=remedy,
    )


def _compare(expected: Expected, live: LiveEntity | Refusal | None) -> Iterator[Finding]:
    stack, entity = expected.stack, expected.entity
    if isinstance(live, Refusal):
        yield unreadable(stack, entity.kind, entity.name, None, live)
        return
    if live is None:
        yield Finding(
            id=_identify(entity.kind, entity.name, None),
            state=State.MISSING,
            severity=weigh_missing(entity.kind),
            stack=stack,
            kind=entity.kind,
            name=entity.name,
            declared=dict(entity.fields) or None,
            remedy=repair_missing(entity.kind, entity.name, stack),
        )
        return
    secret = entity.kind is Kind.FUNCTION_SECRET
    names = entity.fields.keys() if entity.kind in _OPEN else entity.fields.keys() | live.fields.keys()
    for field in sorted(names | expected.unknown.keys()):
        declared, found = entity.fields.get(field), live.fields.get(field)
        reason = expected.unknown.get(field) or found
        if isinstance(reason, Refusal):
            yield unreadable(stack, entity.kind, entity.name, field, reason)
        elif not _is_same(declared, found) and not isinstance(found, Refusal):
            yield Finding(
                id=_identify(entity.kind, entity.name, field),
                state=State.DRIFTED,
                severity=weigh_drift(entity.kind, field, declared, found),
                stack=stack,
                kind=entity.kind,
                name=entity.name,
                field=field,
                # A digest of a short secret is nearly the secret.
                declared="the value that the stack has" if secret else declared,
                live="another value" if secret else found,
                since=live.since,
                by=live.by,
                remedy=repair_drift(entity.kind, entity.name, stack),
            )


def _is_same(declared: Value, live: Value | Refusal) -> bool:
    """Compare two values; one that the program does not know and that says nothing is the same as none."""
    if declared is None:
        return live is None or live is False or live in ("", 0, ())
    return type(declared) is type(live) and declared == live


def _worst(findings: Sequence[Finding]) -> State:
    states = {finding.state for finding in findings}
    order = (State.UNREADABLE, State.MISSING, State.DRIFTED)
    return next((state for state in order if state in states), State.IN_SYNC)


def _identify(kind: str, name: str, field: str | None) -> str:
    return f"{kind}: {name}" + (f": {field}" if field else "")


def _weigh_extra(kind: Kind, entity: LiveEntity) -> Severity:
    if kind is Kind.DEPLOY_KEY and entity.fields.get("read_only") is False:
        return Severity.CRITICAL
    return weigh_unmanaged(kind)


def _governs(kind: Kind, name: str, entity: LiveEntity, branch: str, default_branch: str) -> bool:
    if kind is Kind.PROTECTION_RULE:
        return fnmatchcase(branch, name)
    if entity.fields.get("target") != "branch" or entity.fields.get("enforcement") == "disabled":
        return False

    def listed(field: str) -> bool:
        patterns = entity.fields.get(f"conditions.ref_name.{field}")
        return isinstance(patterns, tuple) and any(
            pattern == _ALL_BRANCHES
            or (pattern == _DEFAULT_BRANCH and branch == default_branch)
            or fnmatchcase(f"refs/heads/{branch}", pattern)
            for pattern in patterns
        )

    return listed("include") and not listed("exclude")
