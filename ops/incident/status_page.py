"""A status page: Atlassian Statuspage, by its API v1 (developer.statuspage.io)."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter

from release.error import ReleaseError

_ADDRESS = "https://api.statuspage.io"
_SECONDS = 15
Status = Literal["investigating", "identified", "monitoring", "resolved"]
Impact = Literal["none", "minor", "major", "critical"]
# What the page shows of a component while an incident of that impact is open.
_SHOWN = {"none": "operational", "minor": "degraded_performance", "major": "partial_outage", "critical": "major_outage"}


class _Told(BaseModel):
    id: str
    name: str
    status: str
    impact: str
    created_at: str


# What is used of each answer; it may hold more.
_ONE, _SEVERAL = TypeAdapter(_Told), TypeAdapter(list[_Told])
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Incident:
    """An incident of the page.

    Attributes:
        id: the page's own.
        name: its title.
        status: what is being done.
        impact: how bad it is.
        begun: when it was opened, ISO 8601.
    """

    id: str
    name: str
    status: str
    impact: str
    begun: str


class StatusPage:
    """The incidents of a page.

    Args:
        page: its id.
        key: of the API.
        components: ids of the components that an incident affects.
    """

    def __init__(self, page: str, key: str, components: Sequence[str] = ()) -> None:
        base = os.environ.get("STATUSPAGE_API_ENDPOINT", _ADDRESS).rstrip("/")
        self._client = httpx.Client(
            base_url=f"{base}/v1/pages/{page}", headers={"Authorization": f"OAuth {key}"}, timeout=_SECONDS
        )
        self._components = tuple(components)

    def unresolved(self) -> list[Incident]:
        """Give the incidents that are open, the newest first.

        Raises:
            ReleaseError: the page could not be asked.
        """
        return [_incident(entry) for entry in self._call("GET", "/incidents/unresolved", _SEVERAL)]

    def open(self, name: str, text: str, impact: Impact) -> Incident:
        """Open an incident, which the page tells its subscribers.

        Raises:
            ReleaseError: the page did not take it.
        """
        told = {"name": name, "status": "investigating", "impact_override": impact, "body": text}
        return _incident(self._call("POST", "/incidents", _ONE, {"incident": told | self._affected(_SHOWN[impact])}))

    def update(self, incident: str, text: str, status: Status) -> Incident:
        """Say how an incident goes on; one that is resolved leaves its components working.

        Raises:
            ReleaseError: there is no such incident, or the page did not take it.
        """
        affected = self._affected("operational") if status == "resolved" else {}
        told = {"status": status, "body": text, **affected}
        return _incident(self._call("PATCH", f"/incidents/{incident}", _ONE, {"incident": told}))

    def _affected(self, status: str) -> dict[str, Any]:
        if not self._components:
            return {}
        return {"component_ids": list(self._components), "components": dict.fromkeys(self._components, status)}

    def _call(self, method: str, path: str, form: TypeAdapter[T], body: Any = None) -> T:
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise ReleaseError(
                f"The status page does not answer ({type(error).__name__}), so it shows nothing new. Remedy: try it"
                " again, or write there by hand."
            ) from error
        if not answer.is_success:
            raise ReleaseError(
                f"The status page refused: {answer.status_code}. It shows nothing new. Remedy: check the page's id, the"
                " key of its API and the incident's id (python -m ops incident list)."
            )
        try:
            return form.validate_python(answer.json())
        except (ValueError, RecursionError) as error:
            raise ReleaseError(
                "The status page answered in no form that is known, so what it shows is not known. Remedy: check"
                " STATUSPAGE_API_ENDPOINT and proxies, and look at the page."
            ) from error


def _incident(told: _Told) -> Incident:
    return Incident(id=told.id, name=told.name, status=told.status, impact=told.impact, begun=told.created_at)
