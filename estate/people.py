"""The people and teams that a repository has, as GitHub tells them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from settings.model import Principals


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with access to the repository.

    Attributes:
        number: the account's database id.
        node_id: its global id, as GraphQL takes it.
        writes: may push, and so approves with effect.
        administers: has administration rights.
    """

    number: int
    node_id: str
    writes: bool
    administers: bool


@dataclass(frozen=True, kw_only=True)
class Team:
    """A team of the owner: its ids, and the logins of its members."""

    number: int
    node_id: str
    members: frozenset[str]


def describe_persons(collaborators: Iterable[Mapping[str, Any]]) -> dict[str, Person]:
    """Give a repository's collaborators, as the REST API lists them, by login in small letters."""
    return {
        entry["login"].lower(): Person(
            number=entry["id"],
            node_id=entry["node_id"],
            writes=entry["permissions"]["push"],
            administers=entry["permissions"]["admin"],
        )
        for entry in collaborators
    }


def describe_team(team: Mapping[str, Any], members: Iterable[Mapping[str, Any]]) -> Team:
    """Give a team and its members, as the REST API tells them."""
    return Team(
        number=team["id"], node_id=team["node_id"], members=frozenset(member["login"].lower() for member in members)
    )


@dataclass(frozen=True, kw_only=True)
class People:
    """Everybody with access, by login in small letters, and the teams that the settings name, by slug.

    A team that does not exist is missing here.
    """

    persons: Mapping[str, Person]
    teams: Mapping[str, Team]

    def unknown(self, principals: Principals) -> list[str]:
        """Name those who have no access or don't exist."""
        users = [f"user {login}" for login in principals.users if login.lower() not in self.persons]
        return users + [f"team {slug}" for slug in principals.teams if slug not in self.teams]

    def logins(self, principals: Principals) -> frozenset[str]:
        """Name everybody who is meant, as a person or as a member of a team."""
        members: Iterable[str] = (login for slug in principals.teams for login in self.teams[slug].members)
        return frozenset(login.lower() for login in [*principals.users, *members])

    def numbers(self, principals: Principals) -> tuple[list[int], list[int]]:
        """Give the database ids of users and of teams, sorted as named."""
        users = [self.persons[login.lower()].number for login in principals.users]
        return users, [self.teams[slug].number for slug in principals.teams]

    def node_ids(self, principals: Principals) -> list[str]:
        """Give the global ids of users and teams."""
        users = [self.persons[login.lower()].node_id for login in principals.users]
        return users + [self.teams[slug].node_id for slug in principals.teams]
