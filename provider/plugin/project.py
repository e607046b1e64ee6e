"""A Supabase project: created, adopted, awaited, restored, renamed, resized, deleted."""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.client import Client
from provider.plugin.errors import (
    InitializationError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    ServerFaultError,
    SupabaseError,
    UnhealthyError,
    UnreachableError,
)
from provider.plugin.resource import Found, Operation
from provider.plugin.values import UNKNOWN, Properties, is_unknown

DEFAULTS: Properties = {"restore_when_paused": True, "wait_seconds": 600}
IMMUTABLE = ("organization", "region")
SHORTEST_PASSWORD = 4
"""The platform's own rule (V1UpdatePasswordBody in its OpenAPI description)."""
HEALTHY = "ACTIVE_HEALTHY"
AWAITED_SERVICES = ("db", "auth", "pooler")
"""What a release needs. `rest` is left out: with the Data API switched off it is reported as unhealthy for ever."""
TERMINAL = {
    "INIT_FAILED": "it never came up: delete it in the dashboard, then `pulumi up` creates it anew",
    "RESTORE_FAILED": "restoring failed: open the project in the dashboard and ask Supabase's support",
    "PAUSE_FAILED": "pausing failed: open the project in the dashboard and ask Supabase's support",
    "GOING_DOWN": "it is being deleted: wait until it is gone, then `pulumi up` creates it anew",
    "REMOVED": "it was deleted: `pulumi up` creates it anew",
}
SMALLEST_SIZE = "nano"
LONGEST_POLL = 5.0
"""Seconds; well within the 120 calls a minute that the platform allows."""
CREATE_ATTEMPTS = 3
DELETE_SECONDS = 300.0


@dataclass(frozen=True)
class ProjectResource:
    """The resource `supabase:index:Project`; its id is the project's ref.

    Attributes:
        client: the Management API.
        first_poll: seconds until the second look at a status; the pauses grow up to LONGEST_POLL.
    """

    client: Client
    first_poll: float = 0.5
    secret: ClassVar[frozenset[str]] = frozenset({"database_password"})

    def check(self, before: Properties, inputs: Properties) -> tuple[Properties, list[str]]:
        """Check the inputs by the platform's rules and fill in defaults; a move to elsewhere is refused here."""
        inputs = DEFAULTS | {key: value for key, value in inputs.items() if value is not None}
        problems = []
        for key, form, rule in (
            ("organization", r"[\w-]+", "the organization's slug: letters, digits, _ and -"),
            ("name", r"(?s).{1,256}", "1 to 256 characters"),
            ("region", r"[a-z0-9-]+", "a region code such as eu-central-1"),
        ):
            value = inputs.get(key)
            if not isinstance(value, str) or (value != UNKNOWN and not re.fullmatch(form, value)):
                problems.append(f"{key} must be {rule}")
        password = inputs.get("database_password", UNKNOWN)
        if not isinstance(password, str) or len(password) < SHORTEST_PASSWORD:
            problems.append(f"database_password must have at least {SHORTEST_PASSWORD} characters")
        wait = inputs["wait_seconds"]
        if wait != UNKNOWN and not (isinstance(wait, int) and wait > 0):
            problems.append("wait_seconds must be a whole number of seconds above 0")
        for key in IMMUTABLE:
            old, new = before.get(key), inputs.get(key)
            if old and new and UNKNOWN not in (old, new) and old != new:
                problems.append(
                    f"{key} can't change from {old} to {new}: Supabase can't move a project, so it would need a new "
                    f"project, and the data of this one would be lost. Remedy: set it back, or declare a second "
                    f"project under another resource name and move the data first"
                )
        return inputs, problems

    def diff(self, before: Properties, state: Properties, inputs: Properties) -> Mapping[str, PropertyDiffKind]:
        """Compare with the live state as last read; a project that is not healthy is a difference."""
        changed = {
            key: PropertyDiffKind.UPDATE
            for key in ("name", "instance_size")
            if inputs.get(key) is not None and inputs[key] != state.get(key)
        }
        if _password_changed(before, inputs):
            changed["database_password"] = PropertyDiffKind.UPDATE
        if state.get("status") != HEALTHY:
            changed["status"] = PropertyDiffKind.UPDATE
        return changed

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Create the project, or take over the one of that organization and name, and wait until it is healthy.

        Raises:
            InitializationError: it exists, with its ref in the error, but is not healthy.
            SupabaseError: it was not created.
        """
        if not inputs.get("database_password"):
            raise InvalidInputError(
                "database_password is missing, so no project can be created. Remedy: pass one as a secret, or adopt "
                "an existing project with `import_=<ref>`."
            )
        if operation.preview:
            if not is_unknown([inputs["organization"], inputs["name"]]):
                self._existing(operation, inputs)
            unknown = dict.fromkeys(("ref", "url", "status", "database_host", "created_at"), UNKNOWN)
            return "", inputs | unknown
        project = self._existing(operation, inputs) or self._post(operation, inputs)
        ref, state = project["ref"], inputs | self._outputs(project)
        try:
            return ref, state | self._awaited(operation, ref, inputs)
        except SupabaseError as error:
            # From here on the project exists and costs money: whatever happens, its ref must reach the state.
            raise InitializationError(ref, state, str(error)) from error

    def read(self, operation: Operation, identifier: str, before: Properties, state: Properties) -> Found | None:
        """Read the project; its password can't be read back, so a known one is kept and an unknown one left out."""
        del operation
        project = self.client.project(identifier)
        if project is None:
            return None
        live = {
            "organization": project["organization_slug"],
            "name": project["name"],
            "region": project["region"],
        }
        if before.get("instance_size"):
            live["instance_size"] = self._instance_size(project)
        inputs = DEFAULTS | before | live
        return Found(inputs=inputs, state=DEFAULTS | state | live | self._outputs(project))

    def update(
        self, operation: Operation, identifier: str, before: Properties, state: Properties, inputs: Properties
    ) -> Properties:
        """Rename, set the password, resize, then wait until it is healthy (restoring it if it is paused)."""
        if operation.preview:
            return state | inputs | {"status": HEALTHY}
        path = f"/v1/projects/{identifier}"
        if inputs["name"] != state.get("name"):
            self.client.call("PATCH", path, action="rename the project", repeatable=True, json={"name": inputs["name"]})
        # No InitializationError here: it would record the new inputs, and a password not yet set would count as set.
        outputs = self._awaited(operation, identifier, inputs)
        if _password_changed(before, inputs):
            password = {"password": inputs["database_password"]}
            action = "set the database password"
            self.client.call("PATCH", f"{path}/database/password", action=action, repeatable=True, json=password)
            operation.say("database password set")
        if inputs.get("instance_size") not in (None, state.get("instance_size")):
            self._resize(operation, identifier, inputs["instance_size"])
            outputs = self._awaited(operation, identifier, inputs)
        return state | inputs | outputs

    def delete(self, operation: Operation, identifier: str, state: Properties) -> None:
        """Delete the project and wait until it is gone; a project that is still coming up is given time."""
        del state
        started = time.monotonic()
        limit = operation.timeout or DELETE_SECONDS
        asked = False
        for pause in self._pauses():
            seconds = time.monotonic() - started
            asked = asked or self._delete_accepted(identifier, last=seconds > limit)
            if asked and self.client.project(identifier) is None:
                return
            if seconds > limit:
                raise UnhealthyError(
                    f"project {identifier} is still being deleted after {limit:.0f} s and stays in the state. "
                    f"Remedy: run the command again; it goes on waiting."
                )
            operation.progress(f"waiting for the deletion, {seconds:.0f} s")
            self.client.pause(pause)

    def _existing(self, operation: Operation, inputs: Properties) -> dict[str, Any] | None:
        """Find the project of that organization and name: the one a run made that could not record it any more.

        Raises:
            AmbiguousError: there are several.
            InvalidInputError: there is one, in another region.
        """
        organization, name, region = inputs["organization"], inputs["name"], inputs["region"]
        project = self.client.project_named(organization, name)
        if project is None:
            return None
        ref = project["ref"]
        if region not in (UNKNOWN, project["region"]):
            raise InvalidInputError(
                f"organization {organization} already has a project called {name} ({ref}) in {project['region']}, not "
                f"in {region}, so none was created or taken over. Remedy: correct the region, or choose another name."
            )
        if operation.preview:
            operation.warn(f"project {ref} of this name exists: `up` takes it over instead of creating a second one")
        else:
            operation.warn(f"took over the existing project {ref} of this name; its database password was not changed")
        return project

    def _post(self, operation: Operation, inputs: Properties) -> dict[str, Any]:
        """Create the project; after an unclear answer, look before asking again, since each one made is billed."""
        body = {
            "name": inputs["name"],
            "organization_slug": inputs["organization"],
            "db_pass": inputs["database_password"],
            "region_selection": {"type": "specific", "code": inputs["region"]},
        }
        if inputs.get("instance_size"):
            body["desired_instance_size"] = inputs["instance_size"]
        action = f"create project {inputs['name']}"
        for attempt in range(1, CREATE_ATTEMPTS + 1):
            try:
                return dict(self.client.call("POST", "/v1/projects", action=action, json=body))
            except (UnreachableError, ServerFaultError):
                operation.progress("no clear answer: looking whether the project was created")
                self.client.pause(4 * self.first_poll)
                project = self._existing(operation, inputs)
                if project is not None:
                    return project
                if attempt == CREATE_ATTEMPTS:
                    raise
        raise AssertionError  # the loop returns or raises

    def _awaited(self, operation: Operation, ref: str, inputs: Properties) -> Properties:
        """Wait until project and services are healthy, restoring a paused one, and give its outputs.

        Raises:
            UnhealthyError: it will not become healthy, or not within the time allowed.
        """
        started = time.monotonic()
        limit = operation.timeout or inputs["wait_seconds"]
        restoring = woken = False
        for pause in self._pauses():
            project = self.client.project(ref)
            status = project["status"] if project else "REMOVED"
            if project is None or status in TERMINAL:
                raise UnhealthyError(f"project {ref} is {status} and won't become healthy. Remedy: {TERMINAL[status]}.")
            detail = status
            if status == "INACTIVE":
                self._require_restorable(ref, inputs, fell_back=woken)
                if not restoring:
                    operation.say(f"project {ref} is paused: restoring it")
                    action = "restore the paused project"
                    self.client.call("POST", f"/v1/projects/{ref}/restore", action=action)
                    restoring = True
            elif status == HEALTHY:
                unhealthy = self._unhealthy_services(ref)
                if not unhealthy:
                    return self._outputs(project)
                detail = ", ".join(unhealthy)
            woken = woken or (restoring and status != "INACTIVE")
            seconds = time.monotonic() - started
            if seconds > limit:
                raise UnhealthyError(
                    f"project {ref} is not healthy after {limit:.0f} s ({detail}); it is kept in the state. Remedy: "
                    f"run `pulumi up` again, which goes on waiting; raise wait_seconds if it needs longer."
                )
            operation.progress(f"waiting for health, {seconds:.0f} s ({detail})")
            self.client.pause(pause)
        raise AssertionError  # the pauses never end

    def _require_restorable(self, ref: str, inputs: Properties, *, fell_back: bool) -> None:
        if fell_back:
            raise UnhealthyError(
                f"project {ref} fell back to INACTIVE while it was being restored. Remedy: look at it in the dashboard "
                f"(https://supabase.com/dashboard/project/{ref}), then run `pulumi up` again."
            )
        if not inputs["restore_when_paused"]:
            raise UnhealthyError(
                f"project {ref} is paused (INACTIVE) and restore_when_paused is false. Remedy: restore it in the "
                f"dashboard (https://supabase.com/dashboard/project/{ref}), or set restore_when_paused."
            )

    def _unhealthy_services(self, ref: str) -> list[str]:
        health = self.client.call(
            "GET",
            f"/v1/projects/{ref}/health",
            action="read the project's health",
            params={"services": AWAITED_SERVICES},
        )
        return [f"{service['name']}: {service['status']}" for service in health if service["status"] != HEALTHY]

    def _outputs(self, project: dict[str, Any]) -> Properties:
        outputs = {
            "ref": project["ref"],
            "url": self.client.url_of(project["ref"]),
            "status": project["status"],
            "created_at": project["created_at"],
        }
        if "database" in project:  # the answer to a create has none yet
            outputs["database_host"] = project["database"]["host"]
        return outputs

    def _instance_size(self, project: dict[str, Any]) -> str | None:
        """Read the size of the primary database; only the organization's list of projects tells it."""
        path = f"/v1/organizations/{project['organization_slug']}/projects"
        answer = self.client.call("GET", path, action="read the instance size", params={"search": project["name"]})
        for listed in answer["projects"]:
            for database in listed["databases"]:
                if listed["ref"] == project["ref"] and database["type"] == "PRIMARY":
                    size: str | None = database.get("infra_compute_size")
                    return size
        return None

    def _resize(self, operation: Operation, ref: str, size: str) -> None:
        """Order the compute add-on of that size; the smallest size is to have none."""
        project = self.client.project(ref)
        if project and self._instance_size(project) == size:
            return  # an adopted project has it already
        operation.say(f"resizing to {size}")
        path, action = f"/v1/projects/{ref}/billing/addons", "change the instance size"
        if size != SMALLEST_SIZE:
            order = {"addon_type": "compute_instance", "addon_variant": f"ci_{size}"}
            self.client.call("PATCH", path, action=action, repeatable=True, json=order)
            return
        addons = self.client.call("GET", path, action="read the project's add-ons")["selected_addons"]
        for variant in (addon["variant"]["id"] for addon in addons if addon["type"] == "compute_instance"):
            self.client.call("DELETE", f"{path}/{variant}", action=action, repeatable=True)

    def _delete_accepted(self, ref: str, *, last: bool) -> bool:
        try:
            self.client.call("DELETE", f"/v1/projects/{ref}", action="delete the project", repeatable=True)
        except NotFoundError:
            return True
        except RefusedError as error:
            if last or "not ready for deletion" not in error.reason.lower():
                raise
            return False
        return True

    def _pauses(self) -> Iterator[float]:
        pause = self.first_poll
        while True:
            yield pause
            pause = min(pause * 1.5, LONGEST_POLL)


def _password_changed(before: Properties, inputs: Properties) -> bool:
    """Compare with the last deployment's password; an adopted project has none there, and keeps the one it has."""
    old, new = before.get("database_password"), inputs.get("database_password")
    return old is not None and new is not None and old != new
