"""Whether a pull request may be merged into its base by somebody, and what stands against it."""

from localcloud.github.branch_policies import Policy, RequiredReviews, policies_for
from localcloud.github.checks import has_failed_or_pending
from localcloud.github.code_owners import owners_of
from localcloud.github.push_rules import MERGE_COMMITS, UNSIGNED, Verdict, Violation, unmet_checks, verdict_of
from localcloud.github.roles import may_write
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken

OUT_OF_DATE = "Head branch is out of date. Review and try the merge again."
METHODS = {
    "merge": ("allow_merge_commit", "Merge commits are not allowed on this repository."),
    "squash": ("allow_squash_merge", "Squash merges are not allowed on this repository."),
    "rebase": ("allow_rebase_merge", "Rebase merges are not allowed on this repository."),
}


def judge_merge(store: Store, repository: Json, issue: Json, method: str | None, who: GitHubToken) -> Verdict:
    """Judge the merge of an open pull request without conflicts; a method of None stands for the best one."""
    ref = f"refs/heads/{issue['pull']['base']['ref']}"
    return verdict_of(
        [
            (policy, violation)
            for policy in policies_for(store, repository, ref, who)
            for violation in _violations(store, repository, policy, issue, method)
        ]
    )


def mergeable_state(store: Store, repository: Json, issue: Json, who: GitHubToken) -> str:
    """Give GitHub's word for how an open pull request stands."""
    pull = issue["pull"]
    refused = judge_merge(store, repository, issue, None, who).refused if pull["mergeable"] else ()
    states = {
        "unknown": issue["state"] != "open",
        "dirty": not pull["mergeable"],
        "draft": pull["draft"],
        "behind": refused == (OUT_OF_DATE,),
        "blocked": bool(refused),
        "unstable": has_failed_or_pending(repository, pull["head"]["sha"]),
    }
    return next((state for state, holds in states.items() if holds), "clean")


def review_decision(store: Store, repository: Json, issue: Json, who: GitHubToken) -> str | None:
    """Give GraphQL's word for what the reviews come to; None where no review is required."""
    ref = f"refs/heads/{issue['pull']['base']['ref']}"
    required = [item.reviews for item in policies_for(store, repository, ref, who) if item.reviews]
    if _changes_requested(store, repository, issue):
        return "CHANGES_REQUESTED"
    if not any(reviews.approvals or reviews.code_owners for reviews in required):
        return None
    unmet = [said for reviews in required for said in _unmet_reviews(store, repository, issue, reviews)]
    return "REVIEW_REQUIRED" if unmet else "APPROVED"


def _violations(store: Store, repository: Json, policy: Policy, issue: Json, method: str | None) -> list[Violation]:
    pull, git = issue["pull"], store.git_of(repository)
    base, head = pull["base"]["sha"], pull["head"]["sha"]
    sentences = [policy.update]
    if policy.reviews is not None:
        sentences += _unmet_reviews(store, repository, issue, policy.reviews)
        if method is not None and policy.reviews.methods and method not in policy.reviews.methods:
            sentences.append(METHODS[method][1])
    if policy.conversations and any(
        not item["resolved_by"] for item in pull["comments"].values() if not item["in_reply_to_id"]
    ):
        sentences.append("A conversation must be resolved before this pull request can be merged.")
    sentences.append(unmet_checks(repository, head, policy.checks))
    if policy.strict and not git.is_ancestor(base, head):
        sentences.append(OUT_OF_DATE)
    if policy.linear and method == "merge":
        sentences.append(MERGE_COMMITS)
    if policy.signed and method != "squash" and git.commits(f"{base}..{head}"):
        sentences.append(UNSIGNED)
    hard = [Violation(sentence=sentence, waived=False) for sentence in policy.always]
    return hard + [Violation(sentence=said, waived=policy.waived_in_merge) for said in sentences if said]


def _unmet_reviews(store: Store, repository: Json, issue: Json, required: RequiredReviews) -> list[str]:
    pull, approvals = issue["pull"], _approvals(store, repository, issue)
    found: list[str] = []
    blocking = _changes_requested(store, repository, issue)
    if blocking:
        plural = "" if blocking == 1 else "s"
        found.append(f"{blocking} review{plural} requesting changes by reviewers with write access.")
    elif len(approvals) < required.approvals:
        words = "approving review is" if required.approvals == 1 else "approving reviews are"
        found.append(f"At least {required.approvals} {words} required by reviewers with write access.")
    if required.code_owners:
        waiting = [owners for owners in owners_of(store, repository, pull) if not _agree(owners, approvals)]
        names = dict.fromkeys(name for owners in waiting for name in owners)
        if names:
            found.append(f"Waiting on code owner review from {' and/or '.join(names)}.")
    fresh = {review["user"] for review in approvals if review["commit_id"] == pull["head"]["sha"]}
    if required.last_push and not fresh - {pull["pushed_by"]}:
        found.append("New changes require approval from someone other than the last pusher.")
    return found


def _agree(owners: dict[str, frozenset[str]], approvals: list[Json]) -> bool:
    people = {login.lower() for names in owners.values() for login in names}
    return any(review["user"].lower() in people for review in approvals)


def _standing_reviews(store: Store, repository: Json, issue: Json) -> list[Json]:
    """List, for each reviewer with write access, the review that counts: the last that takes a side."""
    sides = [item for item in issue["pull"]["reviews"].values() if item["state"] not in {"COMMENTED", "PENDING"}]
    last = {review["user"]: review for review in sides}
    return [review for login, review in last.items() if login != issue["user"] and may_write(store, repository, login)]


def _approvals(store: Store, repository: Json, issue: Json) -> list[Json]:
    return [review for review in _standing_reviews(store, repository, issue) if review["state"] == "APPROVED"]


def _changes_requested(store: Store, repository: Json, issue: Json) -> int:
    return sum(review["state"] == "CHANGES_REQUESTED" for review in _standing_reviews(store, repository, issue))
