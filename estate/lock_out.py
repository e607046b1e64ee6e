"""Rules that would lock everybody out, found before they are set."""

from collections.abc import Iterator, Mapping

from estate.code_owners import name_owners
from estate.people import People
from settings.environment import EnvironmentSettings
from settings.model import Principals
from settings.stack import Settings


def find_lock_outs(
    settings: Settings, people: People, reported: frozenset[str] | None, workflow_owners: tuple[str, ...]
) -> list[str]:
    """Compare what the settings demand with who and what there is to meet it.

    Args:
        settings: the stack's.
        people: who has access to the repository.
        reported: the checks that workflows here report; None where there are no workflows to judge by.
        workflow_owners: whom CODEOWNERS names for `.github/`.

    Returns:
        One sentence for each rule that nobody could meet, with its key and the remedy; empty where all is well.
    """
    return [
        *_checks(settings, reported),
        *_reviews(settings, people, workflow_owners),
        *_unknown("branch.protection.pushes", settings.branch.protection.pushes, people),
        *_environments(settings.environments, people),
    ]


def _checks(settings: Settings, reported: frozenset[str] | None) -> Iterator[str]:
    if reported is None:
        return
    for check in settings.branch.protection.required_checks:
        if check not in reported:
            yield (
                f"branch.protection.requiredChecks: no workflow here reports {check} on pull requests, so nothing could"
                f" be merged into {settings.branch.name}. Remedy: add a job of that name, or remove the check."
            )


def _reviews(settings: Settings, people: People, workflow_owners: tuple[str, ...]) -> Iterator[str]:
    reviews, branch = settings.branch.protection.reviews, settings.branch.name
    writers = [login for login, person in people.persons.items() if person.writes]
    # The author's own approval does not count.
    if reviews.approvals >= max(len(writers), 1):
        yield (
            f"branch.protection.reviews.approvals = {reviews.approvals}: {len(writers)} people may write, the author"
            f" can't approve, so nothing could be merged into {branch}. Remedy: give more people access, or ask for"
            " fewer approvals."
        )
    if reviews.require_code_owners and not workflow_owners:
        yield (
            "branch.protection.reviews.requireCodeOwners: CODEOWNERS names nobody for /.github/, so the rule protects"
            " no workflow. Remedy: add the line `/.github/ @OWNER/TEAM` to .github/CODEOWNERS."
        )
    if reviews.require_code_owners:
        for name in people.unknown(name_owners(workflow_owners, settings.owner)):
            yield (
                f"branch.protection.reviews.requireCodeOwners: CODEOWNERS names {name} for /.github/, who does not"
                " exist or has no access, so nobody could approve. Remedy: correct .github/CODEOWNERS."
            )


def _environments(environments: Mapping[str, EnvironmentSettings], people: People) -> Iterator[str]:
    for name, environment in environments.items():
        key = f"environments.{name}"
        unknown = list(_unknown(f"{key}.reviewers", environment.reviewers, people))
        yield from unknown
        if not environment.reviewers:
            if environment.prevent_self_review:
                yield f"{key}.preventSelfReview has no effect without reviewers. Remedy: name some, or remove it."
            continue
        reviewers = frozenset() if unknown else people.logins(environment.reviewers)
        if not unknown and not reviewers:
            yield f"{key}.reviewers: the teams have no members, so no job could start. Remedy: add some."
        if environment.prevent_self_review and len(reviewers) == 1:
            yield (
                f"{key}.reviewers: {next(iter(reviewers))} is the only reviewer, and may not approve a deployment of"
                " their own (preventSelfReview), so that one could never start. Remedy: name a second reviewer."
            )


def _unknown(key: str, principals: Principals, people: People) -> Iterator[str]:
    for name in people.unknown(principals):
        yield f"{key}: {name} does not exist, or has no access to the repository. Remedy: correct the name, or invite."
