"""What a new local cloud holds: what the stack files of a project speak of, and nothing else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localcloud.clock import Clock
from localcloud.github.seed import GitHubSeed
from localcloud.management.state import ManagementState, Organization


@dataclass(frozen=True)
class AdoptedProject:
    """A Supabase project that exists before the first release, because a stack file names its ref."""

    ref: str
    name: str
    region: str
    organization: str


@dataclass(frozen=True)
class Seed:
    """The organisations, the adopted projects and the repository that stack files name.

    Attributes:
        source: the project's folder, whose git HEAD becomes the repository's default branch.
    """

    source: Path
    organizations: tuple[str, ...]
    projects: tuple[AdoptedProject, ...]
    owner: str
    repository: str
    default_branch: str

    @classmethod
    def read(cls, source: Path) -> "Seed":
        """Read Pulumi.yaml and the stack files as plain data.

        Raises:
            ValueError: they name no repository or no organisation, and what to add.
        """
        name = yaml.safe_load((source / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
        stacks: list[dict[str, Any]] = [
            (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("config", {})
            for path in sorted(source.glob("Pulumi.*.yaml"))
        ]
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
        return cls(
            source=source,
            organizations=tuple(dict.fromkeys(entry["organization"] for entry in supabase)),
            projects=tuple(
                AdoptedProject(project["ref"], project["name"], project["region"], entry["organization"])
                for entry in supabase
                if "ref" in (project := entry["project"])
            ),
            owner=owners[0],
            repository=repositories[0],
            default_branch=next((b["createFrom"] for b in branches if "createFrom" in b), "main"),
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

    def github(self, token: str) -> GitHubSeed:
        """Give GitHub's part; a folder that is no git work tree becomes an empty repository."""
        return GitHubSeed(
            token=token,
            owner=self.owner,
            repository=self.repository,
            default_branch=self.default_branch,
            source=self.source if (self.source / ".git").exists() else None,
        )
