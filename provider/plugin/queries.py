"""The functions of the provider: what a program may ask before it declares anything. None of them changes anything."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from provider.plugin.client import Client, require_ref
from provider.plugin.errors import InvalidInputError, NotAllowedError, RefusedError, UnhealthyError
from provider.plugin.values import Properties


@dataclass(frozen=True)
class Queries:
    """The functions `supabase:index:*`.

    Attributes:
        client: the Management API.
    """

    client: Client

    def by_token(self) -> Mapping[str, Callable[[Properties], Properties]]:
        """Give each function under the token that programs call it by."""
        return {
            "supabase:index:getProject": self.get_project,
            "supabase:index:reachesProject": self.reaches_project,
            "supabase:index:getOrganization": self.get_organization,
            "supabase:index:getFunctions": self.get_functions,
            "supabase:index:queryDatabase": self.query_database,
        }

    def get_project(self, arguments: Properties) -> Properties:
        """Find a project by `ref`, or by `organization` (slug) and `name`; `found` is false where there is none.

        Raises:
            AmbiguousError: several have that name.
            InvalidInputError: neither way of naming it was given.
        """
        if arguments.get("ref"):
            project = self.client.project(arguments["ref"])
        elif arguments.get("organization") and arguments.get("name"):
            project = self.client.project_named(arguments["organization"], arguments["name"])
        else:
            raise InvalidInputError("getProject needs ref, or organization and name. Remedy: pass them.")
        if project is None:
            return {"found": False}
        return {
            "found": True,
            "ref": project["ref"],
            "name": project["name"],
            "organization": project["organization_slug"],
            "region": project["region"],
            "status": project["status"],
            "database_host": project["database"]["host"],
            "url": self.client.url_of(project["ref"]),
            "created_at": project["created_at"],
        }

    def reaches_project(self, arguments: Properties) -> Properties:
        """Tell whether the token may read the project `ref`: one that it may not is as good as absent."""
        try:
            return {"reaches": self.client.project(arguments["ref"]) is not None}
        except NotAllowedError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return {"reaches": False}
            raise

    def get_organization(self, arguments: Properties) -> Properties:
        """Read an organization by its slug; the platform may leave out the plan."""
        slug = arguments["slug"]
        answer = self.client.call("GET", f"/v1/organizations/{slug}", action=f"read organization {slug}")
        return {"id": answer["id"], "name": answer["name"], "plan": answer.get("plan")}

    def get_functions(self, arguments: Properties) -> Properties:
        """List a project's deployed functions, sorted by slug."""
        ref = arguments["ref"]
        listed = self._of_active(ref, "GET", "functions", action=f"list the functions of project {ref}")
        keys = ("slug", "name", "status", "version", "verify_jwt", "ezbr_sha256", "entrypoint_path", "updated_at")
        functions = [{key: item.get(key) for key in keys} for item in listed]
        return {"functions": sorted(functions, key=lambda item: str(item["slug"]))}

    def query_database(self, arguments: Properties) -> Properties:
        """Run a query as the platform's read-only role; rows come as JSON text, which keeps large integers whole.

        A token that may not query gets `forbidden` in their place.
        """
        ref, body = arguments["ref"], {"query": arguments["query"]}
        if arguments.get("parameters"):
            body["parameters"] = arguments["parameters"]
        path, action = "database/query/read-only", f"query the database of project {ref}"
        try:
            rows = self._of_active(ref, "POST", path, action=action, repeatable=True, json=body)
        except NotAllowedError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return {"forbidden": True}
            raise
        return {"rows": json.dumps(rows or [])}

    def _of_active(self, ref: str, method: str, path: str, **request: Any) -> Any:
        """Ask about a project's contents; a refusal is explained by the project's status where that is the cause."""
        require_ref(ref)
        try:
            return self.client.call(method, f"/v1/projects/{ref}/{path}", **request)
        except RefusedError as error:
            project = self.client.project(ref)
            if project is None or project["status"].startswith("ACTIVE"):
                raise
            raise UnhealthyError(
                f"could not {request['action']}: it is {project['status']}, not active. Remedy: `pulumi up` of a stack "
                f"that declares the project restores it or waits for it; ask getProject for the status first."
            ) from error
