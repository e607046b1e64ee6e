"""What the program has to know of the repository before it declares anything in it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.adoption import Adoption
from components.github_reads import begin_read, begin_read_all, in_form
from components.stack_outputs import begin_stack_outputs
from estate.code_owners import name_owners, read_workflow_owners
from estate.people import People, Team, describe_persons, describe_team
from settings.stack import Settings


@dataclass(frozen=True, kw_only=True)
class RepositoryFacts:
    """The repository as it is.

    Attributes:
        name: its name.
        node_id: its global id. A name in its place would be replaced by the first import.
        private: whether it is private, on which the plan's rules depend.
        plan: the owner's plan as GitHub names it; None for an owner who is a user, or where the token may not see it.
        people: who has access.
        adoption: finds what exists in it already.
    """

    name: str
    node_id: str
    private: bool
    plan: str | None
    people: People
    adoption: Adoption


def begin_repository(settings: Settings) -> Callable[[], RepositoryFacts]:
    """Begin to read the repository, its people, and the teams that the settings and CODEOWNERS name.

    GitHub is asked everything at once; the answers are waited for where the result is called.

    Raises:
        pulumi.RunError: from the result: there is no such repository, or the token may not read it.
    """
    path = f"repos/{settings.owner}/{settings.repository}"
    # While resources register in an update, the engine writes the state, and a folder's file would be read torn.
    early = begin_stack_outputs(settings.stack) if pulumi.runtime.is_dry_run() else None
    repository = begin_read(path)
    owner = begin_read(f"orgs/{settings.owner}")
    collaborators = begin_read_all(f"{path}/collaborators")
    teams = {slug: _begin_team(settings.owner, slug) for slug in sorted(_named_teams(settings))}

    @in_form("about the repository and its people")
    def answer() -> RepositoryFacts:
        found = repository()
        if found is None:
            raise pulumi.RunError(
                f"There is no repository {settings.owner}/{settings.repository}, or GITHUB_TOKEN may not see it."
                " Nothing was changed. Remedy: create it, or correct github:owner and the repository's name."
            )
        plan = ((owner() or {}).get("plan") or {}).get("name")
        people = People(
            persons=describe_persons(collaborators()),
            teams={slug: team for slug, read in teams.items() if (team := read())},
        )
        state = (early or begin_stack_outputs(settings.stack)).answer()["outputs"]
        return RepositoryFacts(
            name=settings.repository,
            node_id=found["node_id"],
            private=found["private"],
            plan=plan,
            people=people,
            adoption=Adoption(settings.owner, settings.repository, state),
        )

    return answer


def _named_teams(settings: Settings) -> set[str]:
    code_owners = name_owners(read_workflow_owners(Path.cwd()), settings.owner)
    reviewers = [entry.reviewers for entry in settings.environments.values()]
    groups = [settings.branch.protection.pushes, code_owners, *reviewers]
    return {slug for group in groups for slug in group.teams}


def _begin_team(owner: str, slug: str) -> Callable[[], Team | None]:
    team = begin_read(f"orgs/{owner}/teams/{slug}")
    members = begin_read_all(f"orgs/{owner}/teams/{slug}/members")

    def answer() -> Team | None:
        found = team()
        return None if found is None else describe_team(found, members())

    return answer
