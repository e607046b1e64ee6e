"""A domain of one's own for a project."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.client import Client, find_ref_problems
from provider.plugin.resource import Found, Operation
from provider.plugin.values import UNKNOWN, Properties

_NOT_STARTED, _ACTIVE = "1_not_started", "5_services_reconfigured"
_READY = "4_origin_setup_completed"
# Proof of the domain and its certificate are two steps, and a call asks for one of them.
_STEPS = 2
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


@dataclass(frozen=True)
class CustomHostnameResource:
    """The resource `supabase:index:CustomHostname` of one project; its id is the project's ref.

    A domain is proven by DNS records that somebody has to create, which may take days. Until then it is declared and
    not active: each `up` tries again, says which records are missing, and does not fail for it. A deleted resource
    leaves the domain as it is, since an app may be asking for it.

    Attributes:
        client: the Management API.
    """

    client: Client
    secret: ClassVar[frozenset[str]] = frozenset()

    def check(self, before: Properties, inputs: Properties) -> tuple[Properties, list[str]]:
        """Check the forms of project and domain."""
        del before
        problems = find_ref_problems(inputs)
        hostname = inputs.get("hostname")
        if not isinstance(hostname, str) or (hostname != UNKNOWN and not _DOMAIN.fullmatch(hostname)):
            problems.append("hostname must be a domain in small letters, such as api.example.com")
        return inputs, problems

    def diff(self, before: Properties, state: Properties, inputs: Properties) -> Mapping[str, PropertyDiffKind]:
        """Name what is not as wanted: another domain, or one that is not active yet."""
        del before
        if inputs["project"] != state.get("project"):
            return {"project": PropertyDiffKind.UPDATE_REPLACE}
        if inputs["hostname"] != state.get("hostname"):
            return {"hostname": PropertyDiffKind.UPDATE}
        return {} if state.get("status") == _ACTIVE else {"status": PropertyDiffKind.UPDATE}

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Order the domain where it is not, and bring it as far as its records allow."""
        if operation.preview:
            return "", inputs | {"status": UNKNOWN}
        return inputs["project"], self._apply(operation, inputs)

    def read(self, operation: Operation, identifier: str, before: Properties, state: Properties) -> Found | None:
        """Read the live domain; None where there is none."""
        del operation, before, state
        live = self._live(identifier)
        if live["status"] == _NOT_STARTED:
            return None
        inputs = {"project": identifier, "hostname": live["custom_hostname"]}
        return Found(inputs=inputs, state=inputs | {"status": live["status"]})

    def update(
        self, operation: Operation, identifier: str, before: Properties, state: Properties, inputs: Properties
    ) -> Properties:
        """Order another domain, or bring the one that is ordered further."""
        del identifier, before, state
        return inputs | {"status": UNKNOWN} if operation.preview else self._apply(operation, inputs)

    def delete(self, operation: Operation, identifier: str, state: Properties) -> None:
        """Leave the domain as it is."""
        del operation, identifier, state

    def _apply(self, operation: Operation, inputs: Properties) -> Properties:
        ref, hostname = inputs["project"], inputs["hostname"]
        live = self._live(ref)
        if live["custom_hostname"] != hostname or live["status"] == _NOT_STARTED:
            body = {"custom_hostname": hostname}
            live = self._post(ref, "initialize", f"order the domain {hostname}", json=body)
        for _ in range(_STEPS):
            if live["status"] < _READY:
                live = self._post(ref, "reverify", f"verify the domain {hostname}")
        if live["status"] == _READY:
            live = self._post(ref, "activate", f"activate the domain {hostname}")
        if live["status"] != _ACTIVE:
            operation.warn(f"{hostname} is not active yet. Remedy: create these DNS records, then `pulumi up`: "
                           f"{'; '.join(_records(hostname, live['data']['result']))}")  # fmt: skip
        return inputs | {"status": live["status"]}

    def _live(self, ref: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.call(
            "GET", f"/v1/projects/{ref}/custom-hostname", action=f"read the domain of project {ref}"
        )
        return answer

    def _post(self, ref: str, step: str, action: str, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.call(
            "POST", f"/v1/projects/{ref}/custom-hostname/{step}", action=action, repeatable=True, **request
        )
        return answer


def _records(hostname: str, result: Mapping[str, Any]) -> list[str]:
    """Name the records that prove the domain and point it to the project."""
    owned = result["ownership_verification"]
    proofs = [(owned["type"].upper(), owned["name"], owned["value"])] if owned["name"] else []
    proofs += [("TXT", record["txt_name"], record["txt_value"]) for record in result["ssl"]["validation_records"]]
    return [f"{kind} {name} = {value}" for kind, name, value in
            [("CNAME", hostname, result["custom_origin_server"]), *proofs]]  # fmt: skip
