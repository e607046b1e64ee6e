"""The Management API over HTTP: which call does what, and how its answer looks."""

from typing import Any, get_args
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.routing import Route

from localcloud.database.servers import Databases
from localcloud.management.access import require_organization, token_of
from localcloud.management.errors import InvalidRequestError, OperationNotImplementedError, PlanError, PrivilegesError
from localcloud.management.function_secrets import FunctionSecrets
from localcloud.management.lifecycle import FREE_SIZE, Lifecycle, require_active
from localcloud.management.operations import Operation, operations
from localcloud.management.queries import run_query
from localcloud.management.requests import (
    Addon,
    AuthSettings,
    CreateProject,
    Named,
    NetworkRestrictions,
    Password,
    Postgrest,
    Query,
    Region,
    Secret,
    SslEnforcement,
)
from localcloud.management.routing import CREATED, PROJECT, Router, read_body
from localcloud.management.settings import (
    auth_settings,
    contract,
    network_settings,
    pooler_settings,
    postgrest_settings,
    ssl_settings,
)
from localcloud.management.state import ManagementState, Organization, Project, random_ref
from localcloud.place import PROJECT_HOST

# Of supabase/supabase#50134, newer than the document.
JWT_SECRET_PERMISSION = frozenset({"data_api_config_secret_read"})
WRITE_PERMISSION = frozenset({"database_write"})
# "Only available to selected partner OAuth apps", so to no access token.
_OF_PARTNERS = [
    *((method, "/database/migrations") for method in ("GET", "POST", "PUT", "DELETE")),
    *((method, "/database/migrations/{version}") for method in ("GET", "PATCH")),
]


class ManagementApi:
    """The operations, each a method that gives the answer's JSON; None is an empty answer."""

    def __init__(
        self,
        *,
        state: ManagementState,
        databases: Databases,
        lifecycle: Lifecycle,
        secrets: FunctionSecrets,
        router: Router,
        pooler: tuple[str, int],
    ) -> None:
        """Take the parts it speaks for, the maker of routes, and the pooler's host and port."""
        self._state = state
        self._databases = databases
        self._lifecycle = lifecycle
        self._secrets = secrets
        self._router = router
        self._pooler = pooler

    def routes(self) -> list[Route]:
        """Give the routes of everything that is implemented, then the one that answers 501 for the rest."""
        route = self._router.route
        return [
            route("GET", "/v1/organizations", self._list_organizations),
            route("POST", "/v1/organizations", self._create_organization, CREATED),
            route("GET", "/v1/organizations/{slug}", self._get_organization),
            route("GET", "/v1/organizations/{slug}/members", self._list_members),
            route("GET", "/v1/organizations/{slug}/projects", self._list_organization_projects),
            route("GET", "/v1/projects", self._list_projects),
            route("POST", "/v1/projects", self._create_project, CREATED),
            route("GET", "/v1/projects/available-regions", self._list_regions),
            route("GET", PROJECT, self._get_project),
            route("PATCH", PROJECT, self._rename_project),
            route("DELETE", PROJECT, self._delete_project),
            route("GET", PROJECT + "/health", self._get_health),
            route("POST", PROJECT + "/pause", self._pause_project),
            route("GET", PROJECT + "/restore", self._list_restore_versions),
            route("POST", PROJECT + "/restore", self._restore_project),
            route("POST", PROJECT + "/restore/cancel", self._cancel_restoration),
            route("GET", PROJECT + "/billing/addons", self._list_addons),
            route("PATCH", PROJECT + "/billing/addons", self._apply_addon),
            route("DELETE", PROJECT + "/billing/addons/{variant}", self._remove_addon),
            route("GET", PROJECT + "/postgrest", self._get_postgrest),
            route("PATCH", PROJECT + "/postgrest", self._change_postgrest),
            route("GET", PROJECT + "/config/auth", self._get_auth),
            route("PATCH", PROJECT + "/config/auth", self._change_auth),
            route("GET", PROJECT + "/network-restrictions", self._get_network),
            route("POST", PROJECT + "/network-restrictions/apply", self._restrict_network, CREATED),
            route("GET", PROJECT + "/ssl-enforcement", self._get_ssl),
            route("PUT", PROJECT + "/ssl-enforcement", self._enforce_ssl),
            route("GET", PROJECT + "/config/database/pooler", self._get_pooler),
            route("GET", PROJECT + "/secrets", self._list_secrets),
            route("POST", PROJECT + "/secrets", self._set_secrets, CREATED),
            route("DELETE", PROJECT + "/secrets", self._remove_secrets),
            route("POST", PROJECT + "/database/query", self._query, CREATED),
            route("POST", PROJECT + "/database/query/read-only", self._query_read_only, CREATED),
            route("PATCH", PROJECT + "/database/password", self._change_password),
            route("POST", PROJECT + "/network-bans/retrieve", self._list_network_bans, CREATED),
            route("GET", PROJECT + "/readonly", self._get_read_only),
            route("GET", PROJECT + "/branches", self._list_branches),
            *(route(method, PROJECT + path, self._refuse_to_tokens) for method, path in _OF_PARTNERS),
        ]

    def remaining_routes(self) -> list[Route]:
        """Give the routes of the published operations, to be placed after all that are implemented."""
        return [self._refusing(operation) for operation in operations()]

    async def _list_organizations(self, request: Request) -> Any:
        reaches = token_of(request).reaches_organization
        return [_organization(known) for known in self._state.organizations if reaches(known.slug)]

    async def _create_organization(self, request: Request) -> Any:
        body = await read_body(request, Named)
        organization = Organization(slug=random_ref(), name=body.name)
        self._state.organizations.append(organization)
        self._state.save()
        return _organization(organization)

    async def _get_organization(self, request: Request) -> Any:
        organization = self._state.organization(request.path_params["slug"])
        return {
            "id": organization.slug,
            "name": organization.name,
            "plan": organization.plan,
            "opt_in_tags": [],
            "allowed_release_channels": ["ga"],
        }

    async def _list_members(self, request: Request) -> Any:
        slug = self._state.organization(request.path_params["slug"]).slug
        user = str(uuid5(NAMESPACE_URL, slug))
        return [{"user_id": user, "user_name": "local", "role_name": "Owner", "mfa_enabled": False}]

    async def _list_organization_projects(self, request: Request) -> Any:
        slug = self._state.organization(request.path_params["slug"]).slug
        try:
            offset, limit = (int(request.query_params.get(name, default)) for name, default in
                             (("offset", 0), ("limit", 100)))  # fmt: skip
        except ValueError:
            raise InvalidRequestError("offset, limit: numbers expected") from None
        if request.query_params.keys() - {"offset", "limit", "search"}:
            raise OperationNotImplementedError("sorting and filtering by status")
        found = [
            {
                "ref": project.ref,
                "name": project.name,
                "cloud_provider": "AWS",
                "region": project.region,
                "is_branch": False,
                "status": self._lifecycle.status(project),
                "inserted_at": project.created_at,
                "databases": [self._database(project)],
            }
            for project in sorted(self._state.projects, key=lambda project: project.name)
            if project.organization_slug == slug and request.query_params.get("search", "") in project.name
        ]
        page = {"count": len(found), "limit": limit, "offset": offset}
        return {"projects": found[offset : offset + limit], "pagination": page}

    async def _list_projects(self, request: Request) -> Any:
        reaches = token_of(request).reaches_project
        return [self._with_database(p) for p in self._state.projects if reaches(p.ref, p.organization_slug)]

    async def _create_project(self, request: Request) -> Any:
        body = await read_body(request, CreateProject)
        organization = body.organization_slug or body.organization_id
        region: str | None = body.region_selection.code if body.region_selection else body.region
        if organization is None or region is None:
            raise InvalidRequestError("organization_slug and region_selection are required")
        require_organization(token_of(request), self._state.organization(organization).slug)
        if region not in get_args(Region):
            raise OperationNotImplementedError(f"picking a region out of {region}")
        return self._project(
            self._lifecycle.create(
                name=body.name,
                organization_slug=organization,
                region=region,
                password=body.db_pass,
                size=body.desired_instance_size,
            )
        )

    async def _list_regions(self, request: Request) -> Any:
        self._state.organization(request.query_params.get("organization_slug", ""))
        groups = {"us": "americas", "ca": "americas", "sa": "americas", "eu": "emea", "ap": "apac"}
        every = [{"name": code, "code": code, "type": "specific", "provider": "AWS"} for code in get_args(Region)]
        named = {code: {"name": code, "code": code, "type": "smartGroup"} for code in groups.values()}
        return {
            "recommendations": {"smartGroup": named["emea"], "specific": every},
            "all": {"smartGroup": list(named.values()), "specific": every},
        }

    async def _get_project(self, request: Request) -> Any:
        return self._with_database(self._of(request))

    async def _rename_project(self, request: Request) -> Any:
        project = self._of(request)
        project.name = (await read_body(request, Named)).name
        self._state.save()
        return _reference(project)

    async def _delete_project(self, request: Request) -> Any:
        return _reference(await self._lifecycle.delete(self._of(request).ref))

    async def _get_health(self, request: Request) -> Any:
        given = request.query_params.getlist("services")
        services = [service for entry in given for service in entry.split(",") if service]
        if not services:
            raise InvalidRequestError("services: at least one is required")
        return await self._lifecycle.health(self._of(request).ref, services)

    async def _pause_project(self, request: Request) -> None:
        self._lifecycle.pause(self._of(request).ref)

    async def _list_restore_versions(self, request: Request) -> Any:
        self._of(request)
        version = {"version": "17", "release_channel": "ga", "postgres_engine": "17"}
        return {"available_versions": [version]}

    async def _restore_project(self, request: Request) -> None:
        self._lifecycle.restore(self._of(request).ref)

    async def _cancel_restoration(self, request: Request) -> None:
        await self._lifecycle.cancel_restoration(self._of(request).ref)

    async def _list_addons(self, request: Request) -> Any:
        project = self._of(request)
        price = {"description": "none in the local cloud", "type": "usage", "interval": "hourly", "amount": 0}
        applied = {"compute_instance": (f"ci_{project.instance_size}", project.instance_size != FREE_SIZE),
                   "custom_domain": ("cd_default", project.custom_domain)}  # fmt: skip
        selected = [
            {"type": kind, "variant": {"id": variant, "name": variant, "price": price}}
            for kind, (variant, there) in applied.items()
            if there
        ]
        return {"selected_addons": selected, "available_addons": []}

    async def _apply_addon(self, request: Request) -> None:
        project, addon = self._of(request), await read_body(request, Addon)
        if addon.addon_type == "compute_instance":
            self._lifecycle.resize(project.ref, addon.addon_variant.removeprefix("ci_"))
            return
        if self._state.organization(project.organization_slug).plan == "free":
            raise PlanError("Custom domains are not available on the free plan: upgrade the organization")
        project.custom_domain = True
        self._state.save()

    async def _remove_addon(self, request: Request) -> None:
        project, variant = self._of(request), request.path_params["variant"]
        if variant == "cd_default" and project.custom_domain:
            project.custom_domain, project.domain = False, {}
            self._state.save()
        elif variant == f"ci_{project.instance_size}":
            self._lifecycle.resize(project.ref, None)
        else:
            raise InvalidRequestError(f"Addon {variant} is not applied")

    async def _get_postgrest(self, request: Request) -> Any:
        project = self._of(request)
        told = {"jwt_secret": project.keys.jwt_secret} if token_of(request).may(JWT_SECRET_PERMISSION) else {}
        return {**postgrest_settings(project), **told}

    async def _change_postgrest(self, request: Request) -> Any:
        project = self._of(request)
        project.postgrest |= (await read_body(request, Postgrest)).model_dump(exclude_unset=True)
        self._state.save()
        return postgrest_settings(project)

    async def _get_auth(self, request: Request) -> Any:
        return auth_settings(self._of(request))

    async def _change_auth(self, request: Request) -> Any:
        project = self._of(request)
        known = contract()["auth_settings"].keys() - AuthSettings.model_fields.keys()
        beyond = sorted(known & (await read_body(request, dict[str, Any])).keys())
        if beyond:
            raise OperationNotImplementedError(f"changing {', '.join(beyond)}")
        project.auth |= (await read_body(request, AuthSettings)).model_dump(exclude_unset=True)
        self._state.save()
        return auth_settings(project)

    async def _get_network(self, request: Request) -> Any:
        return network_settings(self._of(request))

    async def _restrict_network(self, request: Request) -> Any:
        project = self._of(request)
        project.network = (await read_body(request, NetworkRestrictions)).model_dump()
        self._state.save()
        return network_settings(project)

    async def _get_ssl(self, request: Request) -> Any:
        return ssl_settings(self._of(request))

    async def _enforce_ssl(self, request: Request) -> Any:
        project = self._of(request)
        project.ssl_enforced = (await read_body(request, SslEnforcement)).requestedConfig.database
        self._state.save()
        return ssl_settings(project)

    async def _get_pooler(self, request: Request) -> Any:
        host, port = self._pooler
        return [pooler_settings(self._of(request), host=host, port=port)]

    async def _list_secrets(self, request: Request) -> Any:
        return self._secrets.digests(self._of(request).ref)

    async def _set_secrets(self, request: Request) -> None:
        ref = self._of(request).ref
        self._secrets.put(ref, {secret.name: secret.value for secret in await read_body(request, list[Secret])})

    async def _remove_secrets(self, request: Request) -> None:
        ref = self._of(request).ref
        self._secrets.remove(ref, await read_body(request, list[str]))

    async def _query(self, request: Request) -> Any:
        body = await read_body(request, Query)
        if not body.read_only and not token_of(request).may(WRITE_PERMISSION):
            raise PrivilegesError
        return await self._run(request, body, read_only=body.read_only)

    async def _query_read_only(self, request: Request) -> Any:
        return await self._run(request, await read_body(request, Query), read_only=True)

    async def _change_password(self, request: Request) -> Any:
        project = self._of(request)
        password = (await read_body(request, Password)).password
        await self._databases.set_password(project.ref, password)
        project.database_password = password
        self._state.save()
        return {"message": "Successfully updated database password"}

    async def _list_network_bans(self, request: Request) -> Any:
        self._of(request)
        return {"banned_ipv4_addresses": []}  # nothing bans here

    async def _get_read_only(self, request: Request) -> Any:
        enabled = await self._databases.is_read_only(require_active(self._of(request)).ref)
        return {"enabled": enabled, "override_enabled": False, "override_active_until": ""}

    async def _list_branches(self, request: Request) -> Any:
        self._of(request)
        return []  # none can be made here

    async def _refuse_to_tokens(self, _: Request) -> Any:
        raise PrivilegesError

    async def _run(self, request: Request, body: Query, *, read_only: bool) -> Any:
        project = require_active(self._of(request))
        return await run_query(
            self._databases, project.ref, body.query, parameters=body.parameters, read_only=read_only
        )

    def _refusing(self, operation: Operation) -> Route:
        async def refuse(_: Request) -> Any:
            raise OperationNotImplementedError(f"{operation.method} {operation.path} ({operation.name})")

        return self._router.route(operation.method, operation.path, refuse)

    def _of(self, request: Request) -> Project:
        return self._state.project(request.path_params["ref"])

    def _project(self, project: Project) -> dict[str, Any]:
        return {
            "id": project.ref,
            "ref": project.ref,
            "organization_id": project.organization_slug,
            "organization_slug": project.organization_slug,
            "name": project.name,
            "region": project.region,
            "created_at": project.created_at,
            "status": self._lifecycle.status(project),
        }

    def _database(self, project: Project) -> dict[str, Any]:
        return {
            "infra_compute_size": project.instance_size,
            "region": project.region,
            "status": "ACTIVE_HEALTHY" if project.status == "ACTIVE_HEALTHY" else "UNKNOWN",
            "cloud_provider": "AWS",
            "identifier": project.ref,
            "type": "PRIMARY",
        }

    def _with_database(self, project: Project) -> dict[str, Any]:
        database = {"host": f"db.{project.ref}.{PROJECT_HOST}", "version": "17", "postgres_engine": "17",
                    "release_channel": "ga"}  # fmt: skip
        return {**self._project(project), "database": database}


def _organization(organization: Organization) -> dict[str, str]:
    return {"id": organization.slug, "slug": organization.slug, "name": organization.name}


def _reference(project: Project) -> dict[str, Any]:
    return {"id": project.id, "ref": project.ref, "name": project.name}
