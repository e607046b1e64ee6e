"""Settings of a project's Auth service, those that the program names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.client import Client, find_ref_problems
from provider.plugin.errors import InvalidInputError
from provider.plugin.resource import Found, Operation
from provider.plugin.values import UNKNOWN, Properties

HASHED = ("_secret", "_secrets", "_pass", "_token", "_api_key")
"""How the names of those settings end that the platform gives back as a hash only."""


@dataclass(frozen=True)
class AuthSettingsResource:
    """The resource `supabase:index:AuthSettings`: the named settings of one project; its id is the project's ref.

    Settings have no delete: one that is no longer named, or a deleted resource, leaves the live value as it is.

    Attributes:
        client: the Management API.
    """

    client: Client
    secret: ClassVar[frozenset[str]] = frozenset()

    def check(self, before: Properties, inputs: Properties) -> tuple[Properties, list[str]]:
        """Check the forms; whether there is such a setting is known to the platform only, and seen at the read back."""
        del before
        problems = find_ref_problems(inputs)
        settings = inputs.get("settings")
        if settings != UNKNOWN and not isinstance(settings, dict):
            return inputs, [*problems, "settings must be a map of name to value"]
        for name, value in (settings if isinstance(settings, dict) else {}).items():
            if name.endswith(HASHED):
                problems.append(
                    f"settings: {name} comes back as a hash, so a change by hand could not be seen. Remedy: set it in "
                    f"the dashboard"
                )
            elif not isinstance(value, bool | int | str):
                problems.append(f"settings: {name} must be a text, a whole number, true or false")
        return inputs, problems

    def diff(self, before: Properties, state: Properties, inputs: Properties) -> Mapping[str, PropertyDiffKind]:
        """Compare the values wanted with the live ones as last read."""
        del before
        if inputs["project"] != state.get("project"):
            return {"project": PropertyDiffKind.UPDATE_REPLACE}
        if inputs["settings"] == UNKNOWN:
            return {"settings": PropertyDiffKind.UPDATE}
        live = state.get("settings", {})
        changed = {
            f'settings["{name}"]': PropertyDiffKind.UPDATE if name in live else PropertyDiffKind.ADD
            for name, value in inputs["settings"].items()
            if name not in live or live[name] != value
        }
        gone = live.keys() - inputs["settings"].keys()
        return changed | {f'settings["{name}"]': PropertyDiffKind.DELETE for name in gone}

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Set what differs from the live settings."""
        return ("", inputs) if operation.preview else (inputs["project"], self._apply(inputs))

    def read(self, operation: Operation, identifier: str, before: Properties, state: Properties) -> Found | None:
        """Read the live values of the settings named; an import names none."""
        del operation
        if self.client.project(identifier) is None:
            return None
        live = self._live(identifier)
        names = before.get("settings", {}).keys() | state.get("settings", {}).keys()
        inputs: Properties = {"settings": {}} | before | {"project": identifier}
        return Found(
            inputs=inputs, state=inputs | {"settings": {name: live[name] for name in sorted(names & live.keys())}}
        )

    def update(
        self, operation: Operation, identifier: str, before: Properties, state: Properties, inputs: Properties
    ) -> Properties:
        """Set what differs from the live settings."""
        del identifier, before, state
        return inputs if operation.preview else self._apply(inputs)

    def delete(self, operation: Operation, identifier: str, state: Properties) -> None:
        """Leave the settings as they are: there is nothing to go back to."""
        del operation, identifier, state

    def _apply(self, inputs: Properties) -> Properties:
        ref, wanted = inputs["project"], inputs["settings"]
        live = self._live(ref)
        if unknown := sorted(wanted.keys() - live.keys()):
            raise InvalidInputError(
                f"the Auth service of project {ref} has no setting {', '.join(unknown)}; nothing was changed. Remedy: "
                f"use a name of the Management API (PATCH /v1/projects/{{ref}}/config/auth)."
            )
        changed = {name: value for name, value in wanted.items() if live[name] != value}
        if changed:
            path, action = f"/v1/projects/{ref}/config/auth", "change the Auth settings"
            self.client.call("PATCH", path, action=action, repeatable=True, json=changed)
        return inputs

    def _live(self, ref: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.call(
            "GET", f"/v1/projects/{ref}/config/auth", action="read the Auth settings"
        )
        return answer
