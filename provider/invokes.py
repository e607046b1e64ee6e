"""What a program can ask Supabase while it runs; each call waits for the answer, so it works before any declaration.

For a value that is an Output, call inside of apply: `project.ref.apply(get_functions)`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi

from provider.pending_invoke import PendingInvoke


class QueryForbiddenError(pulumi.RunError):
    """The token may see a project, and not what is in its database."""


@dataclass(frozen=True)
class ProjectInfo:
    """A project as it is now; with `found` false every text is empty.

    Attributes:
        status: the platform's word, ACTIVE_HEALTHY where all is well, INACTIVE where paused.
    """

    found: bool
    ref: str = ""
    name: str = ""
    organization: str = ""
    region: str = ""
    status: str = ""
    database_host: str = ""
    url: str = ""
    created_at: str = ""


@dataclass(frozen=True)
class OrganizationInfo:
    """An organization; `plan` is free, pro, team, enterprise or platform, None where the platform doesn't tell."""

    id: str
    name: str
    plan: str | None


@dataclass(frozen=True)
class FunctionInfo:
    """A deployed function as the platform lists it.

    Attributes:
        status: ACTIVE, REMOVED or THROTTLED; ACTIVE alone does not prove that the function answers.
        version: counts the deployments.
        verify_jwt: whether the gateway asks for a valid token; None where the platform doesn't tell.
        ezbr_sha256: the digest of the deployed bundle.
        updated_at: milliseconds since 1970.
    """

    slug: str
    name: str
    status: str
    version: int
    updated_at: int
    verify_jwt: bool | None = None
    ezbr_sha256: str | None = None
    entrypoint_path: str | None = None


def get_project(*, ref: str | None = None, organization: str | None = None, name: str | None = None) -> ProjectInfo:
    """Find a project by its ref, or by organization (slug) and name.

    Raises:
        pulumi.RunError: several have that name, or Supabase could not be asked; the message says what to do.
    """
    return begin_get_project(ref=ref, organization=organization, name=name)()


def begin_get_project(
    *, ref: str | None = None, organization: str | None = None, name: str | None = None
) -> Callable[[], ProjectInfo]:
    """Begin to find a project, as `get_project` does; the answer is waited for where the result is called."""
    pending = PendingInvoke("supabase:index:getProject", {"ref": ref, "organization": organization, "name": name})
    return lambda: ProjectInfo(**pending.answer())


def reaches_project(ref: str) -> bool:
    """Tell whether SUPABASE_ACCESS_TOKEN may read a project.

    Raises:
        pulumi.RunError: Supabase could not be asked.
    """
    return bool(PendingInvoke("supabase:index:reachesProject", {"ref": ref}).answer()["reaches"])


def get_organization(slug: str) -> OrganizationInfo:
    """Read an organization.

    Raises:
        pulumi.RunError: there is none, or Supabase could not be asked.
    """
    answer = PendingInvoke("supabase:index:getOrganization", {"slug": slug}).answer()
    return OrganizationInfo(id=answer["id"], name=answer["name"], plan=answer.get("plan"))


def get_functions(ref: str) -> list[FunctionInfo]:
    """List a project's functions, sorted by slug.

    Raises:
        pulumi.RunError: no such project, it is not active (the message names its status), or no answer.
    """
    return begin_get_functions(ref)()


def begin_get_functions(ref: str) -> Callable[[], list[FunctionInfo]]:
    """Begin to list a project's functions, as `get_functions` does; the result, when called, waits for the answer."""
    pending = PendingInvoke("supabase:index:getFunctions", {"ref": ref})

    def answer() -> list[FunctionInfo]:
        # The wire knows floating-point numbers only.
        return [
            FunctionInfo(**{**item, "version": int(item["version"]), "updated_at": int(item["updated_at"])})
            for item in pending.answer()["functions"]
        ]

    return answer


def query_database(ref: str, query: str) -> list[dict[str, Any]]:
    """Run a query as the platform's read-only role and give its rows, column by name.

    Raises:
        QueryForbiddenError: the token may not query that database.
        pulumi.RunError: the query failed, the project is missing or not active, or no answer.
    """
    return begin_query_database(ref, query)()


def begin_query_database(ref: str, query: str) -> Callable[[], list[dict[str, Any]]]:
    """Begin a query, as `query_database` does; the result, when called, waits for the rows."""
    pending = PendingInvoke("supabase:index:queryDatabase", {"ref": ref, "query": query})

    def answer() -> list[dict[str, Any]]:
        told = pending.answer()
        if told.get("forbidden"):
            raise QueryForbiddenError(
                f"SUPABASE_ACCESS_TOKEN may not query the database of project {ref}. Nothing was changed. Remedy: give"
                " the token the permission database_read."
            )
        rows: list[dict[str, Any]] = json.loads(told["rows"])
        return rows

    return answer
