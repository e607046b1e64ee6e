"""What a new local cloud holds: what the stack files of a project speak of, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from localcloud import tools
from localcloud.clock import Clock
from localcloud.database.history import History
from localcloud.github.seed import GitHubSeed
from localcloud.github.tokens import PROFILES, GitHubToken
from localcloud.management.state import ManagementState, Organization
from localcloud.place import Credentials

# What opens pull requests, and settles nothing about the repository.
_PULL_REQUESTS = {"contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write"}
_MEMBERS = ("administrator", "dana", "lee")


@dataclass(frozen=True)
class AdoptedProject:
    """A Supabase project that exists before the first release, because a stack file names its ref."""

    ref: str
    name: str
    region: str
    organization: str
    backend: str


@dataclass(frozen=True)
class Seed:
    """The organisations, the adopted projects and the repository that stack files name.

    Attributes:
        source: the project's folder, whose git HEAD becomes the repository's default branch.
        users: the people that stack files name, besides an administrator and two colleagues.
        teams: the teams that stack files name; each has the two colleagues.
        adopted: what the repository has already for each adopted project: protected branches, environments, labels.
        stacks: the stacks that declare a project, each with its organisation, and that of the stack that validates
            its releases.
        backends: by the name of a Supabase project, the folder in `source` that is released into it.
        plan: the GitHub plan that the stack files speak of; the program's own default is free.
    """

    source: Path
    organizations: tuple[str, ...]
    projects: tuple[AdoptedProject, ...]
    owner: str
    repository: str
    default_branch: str
    users: tuple[str, ...] = _MEMBERS
    teams: tuple[str, ...] = ()
    adopted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stacks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    backends: Mapping[str, str] = field(default_factory=dict)
    plan: str = "free"

    @classmethod
    def read(cls, source: Path) -> "Seed":
        """Read Pulumi.yaml and the stack files as plain data.

        Raises:
            ValueError: they name no repository or no organisation, and what to add.
        """
        program = yaml.safe_load((source / "Pulumi.yaml").read_text(encoding="utf-8"))
        name = program["name"]
        common = {key: value["value"] for key, value in program.get("config", {}).items() if "value" in value}
        stacks: list[dict[str, Any]] = [
            common | (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("config", {})
            for path in sorted(source.glob("Pulumi.*.yaml"))
        ]
        names = [path.name.split(".")[1] for path in sorted(source.glob("Pulumi.*.yaml"))]
        supabase = [stack[f"{name}:supabase"] for stack in stacks if f"{name}:supabase" in stack]
        owners = [stack["github:owner"] for stack in stacks if "github:owner" in stack]
        repositories = [stack[f"{name}:repository"] for stack in stacks if f"{name}:repository" in stack]
        if not (supabase and owners and repositories):
            message = (
                f"The stack files in {source} name no github:owner, {name}:repository or {name}:supabase: "
                "the local cloud does not know what to hold. Add them to a Pulumi.<stack>.yaml."
            )
            raise ValueError(message)
        branches = [stack.get(f"{name}:branch", {}) for stack in stacks]
        own = [{key.removeprefix(f"{name}:"): value for key, value in stack.items()} for stack in stacks]
        adopting = [stack for stack in own if "ref" in stack.get("supabase", {}).get("project", {})]
        return cls(
            source=source,
            organizations=tuple(dict.fromkeys(entry["organization"] for entry in supabase)),
            projects=tuple(
                AdoptedProject(
                    project["ref"],
                    project["name"],
                    project["region"],
                    stack["supabase"]["organization"],
                    _backend(stack),
                )
                for stack in adopting
                if (project := stack["supabase"]["project"])
            ),
            owner=owners[0],
            repository=repositories[0],
            default_branch=next((b["createFrom"] for b in branches if "createFrom" in b), "main"),
            users=tuple(dict.fromkeys([*_MEMBERS, *_principals(own, "users")])),
            teams=tuple(dict.fromkeys(_principals(own, "teams"))),
            adopted={
                "branches": tuple(stack["branch"]["name"] for stack in adopting if "branch" in stack),
                "environments": tuple(name for stack in adopting for name in [*stack.get("environments", {})][:1]),
                "labels": tuple(
                    dict.fromkeys(n for stack in adopting for n in stack.get("repositoryWide", {}).get("labels", {}))
                ),
            },
            stacks=_organizations_of_stacks(dict(zip(names, own, strict=True))),
            backends={
                project["name"]: _backend(stack)
                for stack in own
                if (project := stack.get("supabase", {}).get("project", {})) and "name" in project
            },
            plan=next((stack["githubPlan"] for stack in own if "githubPlan" in stack), "free"),
        )

    def plant(self, state: ManagementState, clock: Clock, password: str) -> None:
        """Put organisations and adopted projects into a new state; their servers start when first needed."""
        state.organizations = [Organization(slug=slug, name=slug) for slug in self.organizations]
        for project in self.projects:
            state.add_project(
                ref=project.ref,
                kind="legacy",
                name=project.name,
                organization_slug=project.organization,
                region=project.region,
                created_at=clock.now().isoformat(),
                status="ACTIVE_HEALTHY",
                database_password=password,
            )
        state.save()

    def history(self, ref: str) -> History | None:
        """Give what an adopted project's database went through; None for one that is created here."""
        adopted = next((project for project in self.projects if project.ref == ref), None)
        return History(self.source / adopted.backend, tools.directories) if adopted else None

    def backend(self, project: str) -> Path | None:
        """Give the folder that is released into the Supabase project of that name; None where no stack names it."""
        return self.source / self.backends[project] if project in self.backends else None

    def github(self, credentials: Credentials) -> GitHubSeed:
        """Give GitHub's part; a folder that is no git work tree becomes an empty repository."""
        return GitHubSeed(
            tokens=tuple(
                GitHubToken(token, self.users[0], permissions=permissions)
                for token, permissions in (
                    (credentials.github_token, None),
                    (credentials.repository_read_token, PROFILES["read-only"] | {"issues": "write"}),
                    (credentials.repository_write_token, _PULL_REQUESTS),
                )
            ),
            owner=self.owner,
            repository=self.repository,
            default_branch=self.default_branch,
            source=self.source if (self.source / ".git").exists() else None,
            users=self.users,
            teams=dict.fromkeys(self.teams, _MEMBERS[1:]),
            protected_branches=self.adopted.get("branches", ()),
            environments=self.adopted.get("environments", ()),
            labels=self.adopted.get("labels", ()),
            plan=self.plan,
        )


def _organizations_of_stacks(stacks: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    owners = {name: stack["supabase"]["organization"] for name, stack in stacks.items() if "supabase" in stack}
    validators = {name: stacks[name].get("promotion", {}).get("validatedBy") for name in owners}
    return {name: frozenset({owner, owners.get(validators[name], owner)}) for name, owner in owners.items()}


def _backend(stack: Mapping[str, Any]) -> str:
    directory: str = stack.get("backend", {}).get("directory", "backend")
    return directory


def _principals(document: Any, kind: str) -> list[str]:
    """Collect the names below every key `users` or `teams`, wherever it stands."""
    if isinstance(document, list):
        return [name for entry in document for name in _principals(entry, kind)]
    if not isinstance(document, dict):
        return []
    found = [name for key, entry in document.items() if key != kind for name in _principals(entry, kind)]
    return found + list(document.get(kind, []))
