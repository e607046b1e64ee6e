"""What the local GitHub starts with: an organisation, its people, and one repository."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.github.environments import new_environment
from localcloud.github.protections import create_rule
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken

# The labels that GitHub gives every new repository (docs.github.com, "Managing labels", default labels).
_LABELS = {
    "bug": ("d73a4a", "Something isn't working"),
    "documentation": ("0075ca", "Improvements or additions to documentation"),
    "duplicate": ("cfd3d7", "This issue or pull request already exists"),
    "enhancement": ("a2eeef", "New feature or request"),
    "good first issue": ("7057ff", "Good for newcomers"),
    "help wanted": ("008672", "Extra attention is needed"),
    "invalid": ("e4e669", "This doesn't seem right"),
    "question": ("d876e3", "Further information is requested"),
    "wontfix": ("ffffff", "This will not be worked on"),
}


@dataclass(frozen=True, kw_only=True)
class GitHubSeed:
    """What must exist; what exists already is left as it is.

    Attributes:
        tokens: what is accepted from the start; others are issued later.
        owner: the organisation.
        repository: the name of its repository.
        default_branch: the branch that the repository starts with.
        source: a git work tree whose HEAD becomes that branch; None for one empty commit.
        users: logins of the organisation's members; the first is its administrator.
        teams: logins by team slug.
        plan: the organisation's plan: free, team or enterprise; GitHub refuses features that it lacks.
        base_role: what every member of the organisation may do in its repositories: none, read, write or admin.
        team_role: what the members of each team may.
        roles: roles by login that were given to people themselves; somebody new is an outside collaborator.
        private: whether the repository is private.
        protected_branches: patterns that somebody protected by hand before: one approval, and no more.
        environments: names of environments that exist already, without rules.
        labels: names of labels that exist already, beside GitHub's own.
    """

    tokens: tuple[GitHubToken, ...]
    owner: str
    repository: str
    default_branch: str = "main"
    source: Path | None = None
    users: tuple[str, ...] = ("administrator",)
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plan: str = "enterprise"
    base_role: str = "write"
    team_role: str = "write"
    roles: Mapping[str, str] = field(default_factory=dict)
    private: bool = True
    protected_branches: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def plant(store: Store, seed: GitHubSeed) -> None:
    """Create what the seed names and the state lacks.

    Raises:
        GitError: git refused to create the repository.
    """
    _plant_people(store, seed)
    state = store.state
    full_name = f"{seed.owner}/{seed.repository}".lower()
    git = store.git(seed.owner, seed.repository)
    if not git.path.exists():
        git.create(source=seed.source, branch=seed.default_branch)
    if full_name not in state["repositories"]:
        blank = new_repository(
            store, seed.owner, seed.repository, private=seed.private, default_branch=seed.default_branch
        )
        repository = store.add_repository(blank)
        repository["labels"] |= _labels(store, dict.fromkeys(seed.labels, ("ededed", None)))
        repository["teams"] = dict.fromkeys(seed.teams, seed.team_role)
        repository["collaborators"] = dict(seed.roles)
        by_hand = {"requiresApprovingReviews": True, "requiredApprovingReviewCount": 1}
        for pattern in seed.protected_branches:
            create_rule(store, repository, {"pattern": pattern, **by_hand})
        for environment in seed.environments:
            repository["environments"][environment.lower()] = new_environment(store, environment)


def _plant_people(store: Store, seed: GitHubSeed) -> None:
    state = store.state
    organizations, users, teams = state["organizations"], state["users"], state["teams"]
    if seed.owner.lower() not in organizations:
        created = {"id": store.next_id(), "login": seed.owner, "created_at": store.now(), "members": {}}
        organizations[seed.owner.lower()] = created
    organization = organizations[seed.owner.lower()]
    if organization.get("seeded_plan") != seed.plan:  # what the control plane set stays, until the seed changes
        organization |= {"plan": seed.plan, "seeded_plan": seed.plan}
    organization.setdefault("base_role", seed.base_role)
    for login in [*seed.users, *seed.roles]:
        if login.lower() not in users:
            users[login.lower()] = {"id": store.next_id(), "login": login, "created_at": store.now()}
    for login in seed.users:
        organization["members"].setdefault(login, "admin" if login == seed.users[0] else "member")
    for slug, members in seed.teams.items():
        key = f"{seed.owner}/{slug}".lower()
        if key not in teams:
            team = {"id": store.next_id(), "slug": slug, "organization": seed.owner, "members": list(members)}
            teams[key] = team | {"created_at": store.now()}


def new_repository(store: Store, owner: str, name: str, *, private: bool, default_branch: str) -> Json:
    """Describe a repository as it is before anybody has set anything."""
    return {
        "id": store.next_id(),
        "owner": owner,
        "name": name,
        "private": private,
        "archived": False,
        "default_branch": default_branch,
        "created_at": store.now(),
        "updated_at": store.now(),
        "settings": {},
        "security": {},
        "topics": [],
        "vulnerability_alerts": False,
        "labels": _labels(store, _LABELS),
        "environments": {},
        "secrets": {},
        "variables": {},
        "rulesets": {},
        "protections": {},
        "actions": {},
        "sealing_key": {"id": str(secrets.randbelow(10**18)), "private": b64encode(secrets.token_bytes(32)).decode()},
    }


def _labels(store: Store, wanted: Mapping[str, tuple[str, str | None]]) -> Json:
    return {
        name: {
            "id": store.next_id(),
            "name": name,
            "color": color,
            "description": description,
            "default": name in _LABELS,
        }
        for name, (color, description) in wanted.items()
    }
