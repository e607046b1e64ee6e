"""The Management API over HTTP: which call does what, and how its answer looks."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar, get_args
from uuid import NAMESPACE_URL, uuid5

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.database.servers import Databases
from localcloud.management.api_keys import api_keys
from localcloud.management.errors import InvalidRequestError, OperationNotImplementedError
from localcloud.management.function_secrets import FunctionSecrets
from localcloud.management.lifecycle import FREE_SIZE, Lifecycle
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

Handler = Callable[[Request], Awaitable[Any]]
PROJECT = "/v1/projects/{ref}"
T = TypeVar("T")


async def _read(request: Request, model: type[T]) -> T:
    """Read the JSON body as `model`."""
    try:
        return TypeAdapter(model).validate_json(await request.body())
    except ValidationError as error:
        # Only place and rule: the value may be a secret.
        problems = [f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors()]
        raise InvalidRequestError("; ".join(problems)) from None


class ManagementApi:
    """The operations, each a method that gives the answer's JSON; None is an empty answer."""

    def __init__(
        self,
        *,
        state: ManagementState,
        databases: Databases,
        lifecycle: Lifecycle,
        secrets: FunctionSecrets,
        authorize: Callable[[Request], None],
        pooler: tuple[str, int],
    ) -> None:
        """Take the parts it speaks for, the check of the token, and the pooler's host and port."""
        self._state = state
        self._databases = databases
        self._lifecycle = lifecycle
        self._secrets = secrets
        self._authorize = authorize
        self._pooler = pooler

    def routes(self) -> list[Route]:
        """Give the routes of everything that is implemented, then the one that answers 501 for the rest."""
        created = 201
        return [
            self._route("GET", "/v1/organizations", self._list_organizations),
            self._route("POST", "/v1/organizations", self._create_organization, created),
            self._route("GET", "/v1/organizations/{slug}", self._get_organization),
            self._route("GET", "/v1/organizations/{slug}/members", self._list_members),
            self._route("GET", "/v1/organizations/{slug}/projects", self._list_organization_projects),
            self._route("GET", "/v1/projects", self._list_projects),
            self._route("POST", "/v1/projects", self._create_project, created),
            self._route("GET", "/v1/projects/available-regions", self._list_regions),
            self._route("GET", PROJECT, self._get_project),
            self._route("PATCH", PROJECT, self._rename_project),
            self._route("DELETE", PROJECT, self._delete_project),
            self._route("GET", PROJECT + "/health", self._get_health),
            self._route("POST", PROJECT + "/pause", self._pause_project),
            self._route("GET", PROJECT + "/restore", self._list_restore_versions),
            self._route("POST", PROJECT + "/restore", self._restore_project),
            self._route("GET", PROJECT + "/billing/addons", self._list_addons),
            self._route("PATCH", PROJECT + "/billing/addons", self._apply_addon),
            self._route("DELETE", PROJECT + "/billing/addons/{variant}", self._remove_addon),
            self._route("GET", PROJECT + "/api-keys", self._list_api_keys),
            self._route("GET", PROJECT + "/api-keys/legacy", self._get_legacy_keys),
            self._route("PUT", PROJECT + "/api-keys/legacy", self._switch_legacy_keys),
            self._route("GET", PROJECT + "/postgrest", self._get_postgrest),
            self._route("PATCH", PROJECT + "/postgrest", self._change_postgrest),
            self._route("GET", PROJECT + "/config/auth", self._get_auth),
            self._route("PATCH", PROJECT + "/config/auth", self._change_auth),
            self._route("GET", PROJECT + "/network-restrictions", self._get_network),
            self._route("POST", PROJECT + "/network-restrictions/apply", self._restrict_network, created),
            self._route("GET", PROJECT + "/ssl-enforcement", self._get_ssl),
            self._route("PUT", PROJECT + "/ssl-enforcement", self._enforce_ssl),
            self._route("GET", PROJECT + "/config/database/pooler", self._get_pooler),
            self._route("GET", PROJECT + "/secrets", self._list_secrets),
            self._route("POST", PROJECT + "/secrets", self._set_secrets, created),
            self._route("DELETE", PROJECT + "/secrets", self._remove_secrets),
            self._route("POST", PROJECT + "/database/query", self._query, created),
            self._route("POST", PROJECT + "/database/query/read-only", self._query_read_only, created),
            self._route("PATCH", PROJECT + "/database/password", self._change_password),
        ]

    def remaining_routes(self) -> list[Route]:
        """Give the routes of the published operations, to be placed after all that are implemented."""
        return [self._refusing(method, path, name) for method, path, name in contract()["operations"]]

    async def _list_organizations(self, _: Request) -> Any:
        return [_organization(organization) for organization in self._state.organizations]

    async def _create_organization(self, request: Request) -> Any:
        body = await _read(request, Named)
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

    async def _list_projects(self, _: Request) -> Any:
        return [self._with_database(project) for project in self._state.projects]

    async def _create_project(self, request: Request) -> Any:
        body = await _read(request, CreateProject)
        organization = body.organization_slug or body.organization_id
        region: str | None = body.region_selection.code if body.region_selection else body.region
        if organization is None or region is None:
            raise InvalidRequestError("organization_slug and region_selection are required")
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
        project.name = (await _read(request, Named)).name
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

    async def _list_addons(self, request: Request) -> Any:
        size = self._of(request).instance_size
        price = {"description": "none in the local cloud", "type": "usage", "interval": "hourly", "amount": 0}
        variant = {"id": f"ci_{size}", "name": size, "price": price}
        selected = [{"type": "compute_instance", "variant": variant}] if size != FREE_SIZE else []
        return {"selected_addons": selected, "available_addons": []}

    async def _apply_addon(self, request: Request) -> None:
        ref = self._of(request).ref
        self._lifecycle.resize(ref, (await _read(request, Addon)).addon_variant.removeprefix("ci_"))

    async def _remove_addon(self, request: Request) -> None:
        project = self._of(request)
        if request.path_params["variant"] != f"ci_{project.instance_size}":
            raise InvalidRequestError(f"Addon {request.path_params['variant']} is not applied")
        self._lifecycle.resize(project.ref, None)

    async def _list_api_keys(self, request: Request) -> Any:
        return api_keys(self._of(request), reveal=request.query_params.get("reveal") == "true")

    async def _get_legacy_keys(self, request: Request) -> Any:
        return {"enabled": self._of(request).keys.legacy_enabled}

    async def _switch_legacy_keys(self, request: Request) -> Any:
        project = self._of(request)
        enabled = {"true": True, "false": False}.get(request.query_params.get("enabled", ""))
        if enabled is None:
            raise InvalidRequestError("enabled: true or false expected")
        project.keys = replace(project.keys, legacy_enabled=enabled)
        self._state.save()
        return {"enabled": enabled}

    async def _get_postgrest(self, request: Request) -> Any:
        project = self._of(request)
        return {**postgrest_settings(project), "jwt_secret": project.keys.jwt_secret}

    async def _change_postgrest(self, request: Request) -> Any:
        project = self._of(request)
        project.postgrest |= (await _read(request, Postgrest)).model_dump(exclude_unset=True)
        self._state.save()
        return postgrest_settings(project)

    async def _get_auth(self, request: Request) -> Any:
        return auth_settings(self._of(request))

    async def _change_auth(self, request: Request) -> Any:
        project = self._of(request)
        known = contract()["auth_settings"].keys() - AuthSettings.model_fields.keys()
        beyond = sorted(known & (await _read(request, dict[str, Any])).keys())
        if beyond:
            raise OperationNotImplementedError(f"changing {', '.join(beyond)}")
        project.auth |= (await _read(request, AuthSettings)).model_dump(exclude_unset=True)
        self._state.save()
        return auth_settings(project)

    async def _get_network(self, request: Request) -> Any:
        return network_settings(self._of(request))

    async def _restrict_network(self, request: Request) -> Any:
        project = self._of(request)
        project.network = (await _read(request, NetworkRestrictions)).model_dump()
        self._state.save()
        return network_settings(project)

    async def _get_ssl(self, request: Request) -> Any:
        return ssl_settings(self._of(request))

    async def _enforce_ssl(self, request: Request) -> Any:
        project = self._of(request)
        project.ssl_enforced = (await _read(request, SslEnforcement)).requestedConfig.database
        self._state.save()
        return ssl_settings(project)

    async def _get_pooler(self, request: Request) -> Any:
        host, port = self._pooler
        return [pooler_settings(self._of(request), host=host, port=port)]

    async def _list_secrets(self, request: Request) -> Any:
        return self._secrets.digests(self._of(request).ref)

    async def _set_secrets(self, request: Request) -> None:
        ref = self._of(request).ref
        self._secrets.put(ref, {secret.name: secret.value for secret in await _read(request, list[Secret])})

    async def _remove_secrets(self, request: Request) -> None:
        ref = self._of(request).ref
        self._secrets.remove(ref, await _read(request, list[str]))

    async def _query(self, request: Request) -> Any:
        body = await _read(request, Query)
        return await self._run(request, body, read_only=body.read_only)

    async def _query_read_only(self, request: Request) -> Any:
        return await self._run(request, await _read(request, Query), read_only=True)

    async def _change_password(self, request: Request) -> Any:
        project = self._of(request)
        password = (await _read(request, Password)).password
        await self._databases.set_password(project.ref, password)
        project.database_password = password
        self._state.save()
        return {"message": "Successfully updated database password"}

    async def _run(self, request: Request, body: Query, *, read_only: bool) -> Any:
        project = self._of(request)
        if project.status != "ACTIVE_HEALTHY":
            raise InvalidRequestError(f"Project is {project.status}: its database can not be reached")
        return await run_query(
            self._databases, project.ref, body.query, parameters=body.parameters, read_only=read_only
        )

    def _route(self, method: str, path: str, handler: Handler, status: int = 200) -> Route:
        async def endpoint(request: Request) -> Response:
            self._authorize(request)
            answer = await handler(request)
            return Response(status_code=status) if answer is None else JSONResponse(answer, status_code=status)

        return Route(path, endpoint, methods=[method])

    def _refusing(self, method: str, path: str, name: str) -> Route:
        async def refuse(_: Request) -> Any:
            raise OperationNotImplementedError(f"{method} {path} ({name})")

        return self._route(method, path, refuse)

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
