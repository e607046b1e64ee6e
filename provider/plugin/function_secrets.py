"""The secrets that a project's functions read as environment variables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.client import Client, find_ref_problems
from provider.plugin.errors import InitializationError, NotFoundError, RefusedError, SupabaseError
from provider.plugin.resource import Found, Operation
from provider.plugin.values import UNKNOWN, Properties

RESERVED_PREFIX = "SUPABASE_"
LONGEST_NAME = 256
LONGEST_VALUE = 24576
"""Prefix and both lengths: CreateSecretBody in the platform's OpenAPI description."""
READ_BACK_ATTEMPTS = 5
WITHHELD = "withheld"
"""A value that a preview does not know: whatever is live is as wanted."""


@dataclass(frozen=True)
class FunctionSecretsResource:
    """The resource `supabase:index:FunctionSecrets`: the named secrets of one project; its id is the project's ref.

    The platform never gives a value back, only its SHA-256; that is what drift is found by.

    Attributes:
        client: the Management API.
    """

    client: Client
    secret: ClassVar[frozenset[str]] = frozenset({"secrets", "digests"})

    def check(self, before: Properties, inputs: Properties) -> tuple[Properties, list[str]]:
        """Check names and values by the platform's rules; values are never part of a message."""
        del before
        problems = find_ref_problems(inputs)
        secrets = inputs.get("secrets")
        if secrets != UNKNOWN and not isinstance(secrets, dict):
            return inputs, [*problems, "secrets must be a map of name to value"]
        for name, value in (secrets if isinstance(secrets, dict) else {}).items():
            if name.startswith(RESERVED_PREFIX):
                problems.append(
                    f"secrets: {name} begins with {RESERVED_PREFIX}, which the platform keeps for the variables it "
                    f"sets itself. Remedy: choose another name"
                )
            if not 0 < len(name) <= LONGEST_NAME:
                problems.append(f"secrets: {name!r} is no name for a secret: 1 to {LONGEST_NAME} characters")
            if not isinstance(value, str):
                problems.append(f"secrets: the value of {name} must be a text")
            elif len(value) > LONGEST_VALUE:
                problems.append(f"secrets: the value of {name} is longer than {LONGEST_VALUE} characters")
        return inputs, problems

    def diff(self, before: Properties, state: Properties, inputs: Properties) -> Mapping[str, PropertyDiffKind]:
        """Compare the values wanted with the live digests as last read."""
        del before
        if inputs["project"] != state.get("project"):
            return {"project": PropertyDiffKind.UPDATE_REPLACE}
        if inputs["secrets"] == UNKNOWN:
            return {"secrets": PropertyDiffKind.UPDATE}
        digests = state.get("digests", {})
        changed = {}
        for name, value in inputs["secrets"].items():
            if name not in digests:
                changed[_path(name)] = PropertyDiffKind.ADD
            elif value == WITHHELD:
                continue
            elif value == UNKNOWN or digests[name] != _digest(value):
                changed[_path(name)] = PropertyDiffKind.UPDATE
        return changed | {_path(name): PropertyDiffKind.DELETE for name in digests.keys() - inputs["secrets"].keys()}

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Set what is not live with that value yet."""
        if operation.preview:
            return "", inputs | {"digests": UNKNOWN, "foreign": UNKNOWN}
        return inputs["project"], self._apply(operation, inputs, ours=())

    def read(self, operation: Operation, identifier: str, before: Properties, state: Properties) -> Found | None:
        """Read the live digests; a project that can't tell them (paused) has none known, which is a difference."""
        project = self.client.project(identifier)
        if project is None:
            return None
        try:
            live = self._live(identifier)
        except RefusedError as error:
            if not state or project["status"].startswith("ACTIVE"):
                raise
            operation.warn(f"the live secrets are unknown, since the project is {project['status']} ({error.reason})")
            return Found(inputs=before, state=state | {"digests": {}})
        ours = state.get("digests", {}).keys() | before.get("secrets", {}).keys()
        foreign = self._foreign(operation, live, ours)
        digests = {name: digest for name, digest in live.items() if name in ours}
        inputs: Properties = {"secrets": {}} | before | {"project": identifier}
        return Found(inputs=inputs, state={"secrets": {}} | state | inputs | {"digests": digests, "foreign": foreign})

    def update(
        self, operation: Operation, identifier: str, before: Properties, state: Properties, inputs: Properties
    ) -> Properties:
        """Set what differs from the live digests, then delete the names of ours that are no longer wanted."""
        del identifier
        if operation.preview:
            return inputs | {"digests": UNKNOWN, "foreign": state.get("foreign", UNKNOWN)}
        return self._apply(operation, inputs, ours=state.get("digests", {}).keys() | before.get("secrets", {}).keys())

    def delete(self, operation: Operation, identifier: str, state: Properties) -> None:
        """Delete our names only; with the project gone, they are gone too."""
        del operation
        try:
            self._remove(identifier, state.get("digests", {}).keys() & self._live(identifier).keys())
        except NotFoundError:
            return

    def _apply(self, operation: Operation, inputs: Properties, ours: Iterable[str]) -> Properties:
        """Set, then delete, then read back: a rotated name is overwritten, so it is never missing in between."""
        ref, secrets = inputs["project"], inputs["secrets"]
        if unknown := sorted(name for name, value in secrets.items() if value == WITHHELD):
            raise SupabaseError(
                f"The values of {', '.join(unknown)} are withheld, which only a preview may do. Nothing was changed."
                " Remedy: provide them."
            )
        wanted = {name: _digest(value) for name, value in secrets.items()}
        live = self._live(ref)
        changed = sorted(name for name, digest in wanted.items() if live.get(name) != digest)
        superfluous = (set(ours) - wanted.keys()) & live.keys()
        state = inputs | {"digests": wanted, "foreign": sorted(live.keys() - wanted.keys() - superfluous)}
        if changed:
            self.client.call(
                "POST",
                f"/v1/projects/{ref}/secrets",
                action="set the function secrets",
                repeatable=True,
                json=[{"name": name, "value": secrets[name]} for name in changed],
            )
            operation.say(f"set {', '.join(changed)}")
        self._remove(ref, superfluous)
        try:
            self._require_live(ref, {name: wanted[name] for name in changed}, superfluous)
        except SupabaseError as error:
            before = {name: live[name] for name in live.keys() & (wanted.keys() | superfluous)}
            raise InitializationError(ref, state | {"digests": before}, str(error)) from error
        self._foreign(operation, live, wanted.keys() | superfluous)
        return state

    def _require_live(self, ref: str, changed: dict[str, str], removed: set[str]) -> None:
        for _ in range(READ_BACK_ATTEMPTS):
            live = self._live(ref)
            wrong = sorted(name for name, digest in changed.items() if live.get(name) != digest)
            wrong += sorted(removed & live.keys())
            if not wrong:
                return
            self.client.pause(2 * self.client.pause_unit)
        raise SupabaseError(
            f"Supabase accepted the function secrets, but {', '.join(wrong)} did not change. Remedy: run `pulumi up` "
            f"again; if that does not help, set them in the dashboard (Edge Functions, Secrets)."
        )

    def _remove(self, ref: str, names: set[str]) -> None:
        if names:
            path, action = f"/v1/projects/{ref}/secrets", "delete function secrets"
            self.client.call("DELETE", path, action=action, repeatable=True, json=sorted(names))

    def _live(self, ref: str) -> dict[str, str]:
        """Read name and digest of each secret, without those that the platform sets itself."""
        listed = self.client.call("GET", f"/v1/projects/{ref}/secrets", action="read the function secrets")
        return {item["name"]: item["value"] for item in listed if not item["name"].startswith(RESERVED_PREFIX)}

    @staticmethod
    def _foreign(operation: Operation, live: dict[str, str], ours: Iterable[str]) -> list[str]:
        foreign = sorted(live.keys() - set(ours))
        if foreign:
            operation.warn(
                f"the project has function secrets that this program does not declare: {', '.join(foreign)}. They are "
                f"left alone; declare them, or delete them in the dashboard."
            )
        return foreign


def _digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()


def _path(name: str) -> str:
    return f'secrets["{name}"]'
