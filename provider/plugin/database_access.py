"""From where a project's database may be reached, and whether only by encrypted sessions."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.client import Client, find_ref_problems
from provider.plugin.errors import SupabaseError
from provider.plugin.resource import Found, Operation
from provider.plugin.values import UNKNOWN, Properties

NAMES = ("allowed_networks", "ssl_enforced")


@dataclass(frozen=True)
class DatabaseAccessResource:
    """The resource `supabase:index:DatabaseAccess` of one project; its id is the project's ref.

    What is not given is neither compared nor changed. A deleted resource leaves the project as it is: opening a
    database to everybody is nothing that should happen by the way.

    Attributes:
        client: the Management API.
    """

    client: Client
    secret: ClassVar[frozenset[str]] = frozenset()

    def check(self, before: Properties, inputs: Properties) -> tuple[Properties, list[str]]:
        """Check the networks' form; an empty list would lock the releases out too."""
        del before
        inputs = {key: value for key, value in inputs.items() if value is not None}
        problems = find_ref_problems(inputs)
        networks = inputs.get("allowed_networks", UNKNOWN)
        if networks != UNKNOWN:
            if not isinstance(networks, list) or not networks:
                problems.append("allowed_networks must name at least one network, or be left out")
            else:
                problems += [
                    f"allowed_networks: {network!r} is no network such as 203.0.113.0/24 or 2001:db8::/32"
                    for network in networks
                    if not _is_network(network)
                ]
                inputs["allowed_networks"] = sorted(networks, key=str)
        if not isinstance(inputs.get("ssl_enforced", UNKNOWN), bool | str):
            problems.append("ssl_enforced must be true or false")
        return inputs, problems

    def diff(self, before: Properties, state: Properties, inputs: Properties) -> Mapping[str, PropertyDiffKind]:
        """Compare what is given with what is live as last read."""
        del before
        if inputs["project"] != state.get("project"):
            return {"project": PropertyDiffKind.UPDATE_REPLACE}
        changed = {
            name: PropertyDiffKind.UPDATE for name in NAMES if name in inputs and inputs[name] != state.get(name)
        }
        return changed | {name: PropertyDiffKind.DELETE for name in NAMES if name in state and name not in inputs}

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Set what differs from what is live."""
        return ("", inputs) if operation.preview else (inputs["project"], self._apply(inputs))

    def read(self, operation: Operation, identifier: str, before: Properties, state: Properties) -> Found | None:
        """Read what the program gives; an import gives nothing."""
        del operation
        if self.client.project(identifier) is None:
            return None
        live = self._live(identifier)
        inputs: Properties = before | {"project": identifier}
        return Found(inputs=inputs, state=inputs | {name: live[name] for name in NAMES if name in state | before})

    def update(
        self, operation: Operation, identifier: str, before: Properties, state: Properties, inputs: Properties
    ) -> Properties:
        """Set what differs from what is live."""
        del identifier, before, state
        return inputs if operation.preview else self._apply(inputs)

    def delete(self, operation: Operation, identifier: str, state: Properties) -> None:
        """Leave the project as it is."""
        del operation, identifier, state

    def _apply(self, inputs: Properties) -> Properties:
        ref = inputs["project"]
        live = self._live(ref)
        networks, ssl = inputs.get("allowed_networks"), inputs.get("ssl_enforced")
        if networks is not None and networks != live["allowed_networks"]:
            versions = _by_version(networks)
            body: Properties = {"dbAllowedCidrs": versions[4], "dbAllowedCidrsV6": versions[6]}
            path, action = f"/v1/projects/{ref}/network-restrictions/apply", "restrict who may reach the database"
            self.client.call("POST", path, action=action, repeatable=True, json=body)
        if ssl is not None and ssl != live["ssl_enforced"]:
            path, action = f"/v1/projects/{ref}/ssl-enforcement", "enforce encrypted sessions"
            body = {"requestedConfig": {"database": ssl}}
            answer = self.client.call("PUT", path, action=action, repeatable=True, json=body)
            if not answer["appliedSuccessfully"]:
                raise SupabaseError(
                    f"Supabase took the order to {action} of project {ref} and did not carry it out. Remedy: run "
                    f"`pulumi up` again; if that does not help, see the project's database settings."
                )
        return inputs

    def _live(self, ref: str) -> dict[str, Any]:
        path = f"/v1/projects/{ref}"
        network = self.client.call("GET", f"{path}/network-restrictions", action="read the network restrictions")
        ssl = self.client.call("GET", f"{path}/ssl-enforcement", action="read the SSL enforcement")
        config = network["config"]
        networks = [*config.get("dbAllowedCidrs", []), *config.get("dbAllowedCidrsV6", [])]
        return {"allowed_networks": sorted(networks), "ssl_enforced": ssl["currentConfig"]["database"]}


def _is_network(text: Any) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return bool(text == UNKNOWN)
    return isinstance(text, str) and "/" in text


def _by_version(networks: list[str]) -> dict[int, list[str]]:
    return {
        version: [network for network in networks if ipaddress.ip_network(network).version == version]
        for version in (4, 6)
    }
