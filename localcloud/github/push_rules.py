"""Whether a ref may change as somebody wants to change it, by push or by API."""

from collections import Counter
from dataclasses import dataclass

from localcloud.github.branch_policies import Policy, RequiredCheck, policies_for
from localcloud.github.checks import standing
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken

PULL_REQUEST_NEEDED = "Changes must be made through a pull request."
MERGE_COMMITS = "This branch must not contain merge commits."
UNSIGNED = "Commits must have verified signatures."


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the rules say of one change.

    Attributes:
        refused: GitHub's sentences; the change is allowed where there is none.
        bypassed: sentences that would refuse it, were it not this actor's.
        by_ruleset: a ruleset refuses, perhaps a protection rule too.
    """

    refused: tuple[str, ...] = ()
    bypassed: tuple[str, ...] = ()
    by_ruleset: bool = False

    @property
    def message(self) -> str:
        """The refusal as the REST API words it."""
        if self.by_ruleset:
            return "\n\n".join(["Repository rule violations found", *self.refused, ""])
        return " ".join(self.refused)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One sentence against a change, and whether the actor may pass over it."""

    sentence: str
    waived: bool


def verdict_of(violations: list[tuple[Policy, Violation]]) -> Verdict:
    """Sum up what each policy has against a change; the same sentence is said once."""
    refused = {item.sentence: None for _, item in violations if not item.waived}
    bypassed = {item.sentence: None for _, item in violations if item.waived and item.sentence not in refused}
    by_ruleset = any(policy.is_ruleset for policy, item in violations if not item.waived)
    return Verdict(refused=tuple(refused), bypassed=tuple(bypassed), by_ruleset=by_ruleset)


def judge(store: Store, repository: Json, ref: str, new: str | None, who: GitHubToken) -> Verdict:
    """Judge the change of a ref (full name) to a commit that the repository has; None for its deletion."""
    old = store.sha(repository, ref)
    found = [
        (policy, violation)
        for policy in policies_for(store, repository, ref, who)
        for violation in _violations(store, repository, policy, old, new)
    ]
    return verdict_of(found)


def unmet_checks(repository: Json, sha: str, checks: tuple[RequiredCheck, ...]) -> str | None:
    """Say which required checks have not succeeded on a commit; None where all have."""
    unmet = {check.context: state for check in checks if (state := standing(repository, sha, check)) != "success"}
    if not unmet:
        return None
    if len(unmet) == 1:
        ((context, state),) = unmet.items()
        said = "was not set by the expected GitHub app" if state == "foreign" else f"is {state}"
        return f'Required status check "{context}" {said}.'
    counts = Counter("expected" if state == "foreign" else state for state in unmet.values())
    head = f"{len(unmet)} of {len(checks)} required status checks"
    if len(counts) == 1:
        return f"{head} are {next(iter(counts))}."
    return f"{head} have not succeeded: {', '.join(f'{count} {state}' for state, count in counts.items())}."


def _violations(store: Store, repository: Json, policy: Policy, old: str | None, new: str | None) -> list[Violation]:
    git = store.git_of(repository)
    # A protection rule that does not bind administrators still keeps them from these two.
    hard = policy.waived and policy.is_ruleset
    if new is None:
        said = [Violation(sentence=policy.deletion, waived=hard)] if policy.deletion else []
        locked = policy.update if not policy.is_ruleset else None
        return said + ([Violation(sentence=locked, waived=policy.waived)] if locked else [])
    found = [Violation(sentence=sentence, waived=False) for sentence in policy.always]
    if old is not None and policy.forced and not git.is_ancestor(old, new):
        found.append(Violation(sentence=policy.forced, waived=hard))
    known = [old] if old else [f"^{sha}" for sha in git.refs("refs/heads/").values()]
    commits = [f"{old}..{new}"] if old else [new, *known]
    sentences = [policy.creation if old is None else policy.update]
    if old is not None and policy.reviews is not None:
        sentences.append(PULL_REQUEST_NEEDED)
    if policy.linear and git.commits("--merges", *commits):
        sentences.append(MERGE_COMMITS)
    if policy.signed and git.commits(*commits):
        sentences.append(UNSIGNED)
    if old is not None or policy.checks_on_creation:
        sentences.append(unmet_checks(repository, new, policy.checks))
    return found + [Violation(sentence=sentence, waived=policy.waived) for sentence in sentences if sentence]
