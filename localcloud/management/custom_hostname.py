"""A project's own domain: ordered, verified by DNS records, activated."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.routing import Route

from localcloud.management.errors import InvalidRequestError, PlanError
from localcloud.management.requests import CustomHostname
from localcloud.management.routing import CREATED, PROJECT, Router, read_body
from localcloud.management.state import ManagementState, Project
from localcloud.place import PROJECT_HOST

_PATH = PROJECT + "/custom-hostname"
_NOT_STARTED, _INITIATED, _VERIFIED, _SET_UP, _ACTIVE = (
    "1_not_started", "2_initiated", "3_challenge_verified", "4_origin_setup_completed", "5_services_reconfigured",
)  # fmt: skip


class CustomHostnameApi:
    """The operations; whether the domain's records are there is what the control plane says, as nothing asks DNS here.

    An active domain is a state only: the project goes on answering at its own address, as on the platform.
    """

    def __init__(self, state: ManagementState, router: Router) -> None:
        """Take the projects and the maker of routes."""
        self._state = state
        self._router = router

    def routes(self) -> list[Route]:
        """Give the routes."""
        route = self._router.route
        return [
            route("GET", _PATH, self._get),
            route("DELETE", _PATH, self._delete),
            route("POST", _PATH + "/initialize", self._initialize, CREATED),
            route("POST", _PATH + "/reverify", self._reverify, CREATED),
            route("POST", _PATH + "/activate", self._activate, CREATED),
        ]

    def set_records(self, ref: str, there: bool) -> None:  # noqa: FBT001 - the control plane's value
        """Say whether a project's domain has the DNS records that the platform asks for."""
        self._state.project(ref).domain["records"] = there
        self._state.save()

    async def _get(self, request: Request) -> Any:
        return _described(self._entitled(request))

    async def _initialize(self, request: Request) -> Any:
        project = self._entitled(request)
        hostname = (await read_body(request, CustomHostname)).custom_hostname.lower()
        if "." not in hostname or hostname.endswith(PROJECT_HOST):
            raise InvalidRequestError(f"{hostname} is no domain of your own")
        if any(p.domain.get("hostname") == hostname for p in self._state.projects if p is not project):
            raise InvalidRequestError(f"{hostname} is in use by another project")
        return self._set(project, _INITIATED, hostname=hostname)

    async def _reverify(self, request: Request) -> Any:
        project = self._started(request)
        steps = {_INITIATED: _VERIFIED, _VERIFIED: _SET_UP}
        # One step a call, as the certificate comes some time after the proof.
        status = project.domain["status"]
        return self._set(project, steps.get(status, status) if project.domain.get("records") else status)

    async def _activate(self, request: Request) -> Any:
        project = self._started(request)
        if project.domain["status"] not in (_SET_UP, _ACTIVE):
            raise InvalidRequestError("The custom hostname is not verified yet: set its DNS records, then reverify it")
        return self._set(project, _ACTIVE)

    async def _delete(self, request: Request) -> None:
        project = self._state.project(request.path_params["ref"])
        if "hostname" not in project.domain:
            raise InvalidRequestError("Resource has been removed")
        project.domain = {}
        if request.query_params.get("remove_addon") == "true":
            project.custom_domain = False
        self._state.save()

    def _entitled(self, request: Request) -> Project:
        project = self._state.project(request.path_params["ref"])
        if self._state.organization(project.organization_slug).plan == "free":
            raise PlanError("Custom domains are not available on the free plan: upgrade the organization")
        if not project.custom_domain:
            raise PlanError("The project has not the add-on custom_domain: apply it first")
        return project

    def _started(self, request: Request) -> Project:
        project = self._entitled(request)
        if "hostname" not in project.domain:
            raise InvalidRequestError("No custom hostname is initialized for this project")
        return project

    def _set(self, project: Project, status: str, **facts: str) -> Any:
        project.domain |= {"status": status, **facts}
        self._state.save()
        return _described(project)


def _described(project: Project) -> dict[str, Any]:
    status, hostname = project.domain.get("status", _NOT_STARTED), project.domain.get("hostname", "")
    proof = str(uuid5(NAMESPACE_URL, f"{project.ref}/{hostname}"))
    pending = status in (_INITIATED, _VERIFIED)
    records = [{"txt_name": f"_acme-challenge.{hostname}", "txt_value": proof}] if pending else []
    empty = {"type": "", "name": "", "value": ""}
    ownership = {"type": "txt", "name": f"_cf-custom-hostname.{hostname}", "value": proof}
    result = {
        "id": proof,
        "hostname": hostname,
        "custom_origin_server": f"{project.ref}.{PROJECT_HOST}",
        "ownership_verification": ownership if status == _INITIATED else empty,
        "ssl": {"status": "pending_validation" if pending else "active", "validation_records": records},
        "status": "pending" if pending else "active",
    }
    data = {"success": True, "errors": [], "messages": [], "result": result}
    return {"status": status, "custom_hostname": hostname, "data": data}
