"""What the Management API remembers: organisations and projects, kept in one document."""

import secrets
import string
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from localcloud.auth.keys import Kind, ProjectKeys
from localcloud.durable import discard_unfinished, read_json, write_json
from localcloud.management.errors import OrganizationNotFoundError, ProjectNotFoundError


@dataclass(kw_only=True)
class Organization:
    """An organisation; `slug` is its identity, `plan` one of the API's plan names."""

    slug: str
    name: str
    plan: str = "free"


@dataclass(kw_only=True)
class Project:
    """A project's record.

    Attributes:
        ref: 20 lower-case letters.
        status: one of the API's project statuses.
        created_at: ISO 8601, UTC.
        database_password: of the role postgres, as last set through the API; functions get it in SUPABASE_DB_URL.
        instance_size: of the database server, by the API's names; nothing is sized here.
        secrets: the functions' secrets by name, each with `value` and `updated_at`.
        auth, postgrest, pooler, network: the settings that were changed, by their API names.
        ssl_enforced: whether the database takes encrypted sessions only; kept, not enforced.
        custom_domain: whether the project has this add-on.
        domain: of the custom domain `hostname`, `status`, and whether its `records` are there; empty without one.
        restore_points: by name, each with `snapshot` and `completed_on`.
        backups: oldest first, each with `id`, `snapshot` and `inserted_at`.
        restoring: the snapshot that the database is being put back to.
    """

    ref: str
    id: int
    name: str
    organization_slug: str
    region: str
    created_at: str
    status: str
    database_password: str = field(repr=False)
    keys: ProjectKeys = field(repr=False)
    instance_size: str = "nano"
    secrets: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    auth: dict[str, Any] = field(default_factory=dict)
    postgrest: dict[str, Any] = field(default_factory=dict)
    pooler: dict[str, Any] = field(default_factory=dict)
    network: dict[str, list[str]] = field(default_factory=dict)
    ssl_enforced: bool = False
    custom_domain: bool = False
    domain: dict[str, Any] = field(default_factory=dict)
    restore_points: dict[str, dict[str, str]] = field(default_factory=dict)
    backups: list[dict[str, Any]] = field(default_factory=list)
    restoring: str | None = None


class ManagementState:
    """The organisations and projects; what `save` has written is there again after a kill."""

    def __init__(self, path: Path) -> None:
        """Read the document at `path`, or begin an empty one."""
        self._path = path
        discard_unfinished(path)
        document = read_json(path) or {"organizations": [], "projects": []}
        self.organizations = [Organization(**entry) for entry in document["organizations"]]
        self.projects = [
            Project(**{**entry, "keys": ProjectKeys.from_json(entry["keys"])}) for entry in document["projects"]
        ]

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever saved."""
        return not self._path.exists()

    def save(self) -> None:
        """Write everything, at once or not at all."""
        write_json(
            self._path,
            {
                "organizations": [asdict(organization) for organization in self.organizations],
                "projects": [{**asdict(project), "keys": project.keys.to_json()} for project in self.projects],
            },
        )

    def project(self, ref: str) -> Project:
        """Give a project.

        Raises:
            ProjectNotFoundError: no project has this ref.
        """
        for project in self.projects:
            if project.ref == ref:
                return project
        raise ProjectNotFoundError

    def exists(self, ref: str) -> bool:
        """Say whether a project has this ref."""
        return any(project.ref == ref for project in self.projects)

    def organization(self, slug: str) -> Organization:
        """Give an organisation.

        Raises:
            OrganizationNotFoundError: no organisation has this slug.
        """
        for organization in self.organizations:
            if organization.slug == slug:
                return organization
        raise OrganizationNotFoundError

    def add_project(self, *, ref: str | None = None, kind: Kind = "new", **facts: str) -> Project:
        """Add and save a project with new keys; without `ref` it gets a random one."""
        ref = ref or random_ref()
        number = 1 + max((project.id for project in self.projects), default=0)
        project = Project(ref=ref, id=number, keys=ProjectKeys.generate(kind, ref), **facts)  # type: ignore[arg-type]
        self.projects.append(project)
        self.save()
        return project


def random_ref() -> str:
    """Make the kind of name that the platform gives to projects and organisations."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))
