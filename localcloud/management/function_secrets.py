"""The secrets of a project's functions: the platform's own, and those that were set."""

import json
import re
from hashlib import sha256
from urllib.parse import quote

from localcloud.clock import Clock
from localcloud.management.errors import InvalidRequestError
from localcloud.management.state import ManagementState, Project

_NAME_LIMIT = 256
_VALUE_LIMIT = 24576
_COUNT_LIMIT = 100
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class FunctionSecrets:
    """Reads and changes a project's secrets; values leave only towards the functions."""

    def __init__(self, state: ManagementState, clock: Clock, *, url: str, pooler: str) -> None:
        """Take the state and the two addresses: the local cloud's URL and the pooler's `host:port`."""
        self._state = state
        self._clock = clock
        self._url = url
        self._pooler = pooler

    def environment(self, ref: str) -> dict[str, str]:
        """Give what a running function finds in its environment.

        The Anthropic client reads ANTHROPIC_BASE_URL: here it leads to the local stand-in unless a secret says else.
        """
        project = self._state.project(ref)
        own = {name: secret["value"] for name, secret in project.secrets.items()}
        return {"ANTHROPIC_BASE_URL": f"{self._url}/anthropic", **own, **self._platform(project)}

    def digests(self, ref: str) -> list[dict[str, str]]:
        """List names with the SHA-256 of each value, the platform's own secrets included."""
        project = self._state.project(ref)
        secrets = {name: {"value": value, "updated_at": project.created_at}
                   for name, value in self._platform(project).items()} | project.secrets  # fmt: skip
        return [
            {**secret, "name": name, "value": sha256(secret["value"].encode()).hexdigest()}
            for name, secret in sorted(secrets.items())
        ]

    def put(self, ref: str, values: dict[str, str]) -> None:
        """Set secrets, all or none.

        Raises:
            InvalidRequestError: a name or a value that the platform refuses; values are never in the message.
        """
        project = self._state.project(ref)
        for name, value in values.items():
            if name.startswith("SUPABASE_"):
                raise InvalidRequestError(f"Secret name must not start with the SUPABASE_ prefix: {name}")
            if len(name) > _NAME_LIMIT or not _NAME.fullmatch(name):
                raise InvalidRequestError(f"Secret name is invalid: {name[:_NAME_LIMIT]}")
            if len(value) > _VALUE_LIMIT:
                raise InvalidRequestError(f"Secret value of {name} is longer than {_VALUE_LIMIT} characters")
        if len(project.secrets.keys() | values.keys()) > _COUNT_LIMIT:
            raise InvalidRequestError(f"A project can have at most {_COUNT_LIMIT} secrets")
        now = self._clock.now().isoformat()
        project.secrets |= {name: {"value": value, "updated_at": now} for name, value in values.items()}
        self._state.save()

    def remove(self, ref: str, names: list[str]) -> None:
        """Remove secrets; names that do not exist are ignored, as on the platform."""
        project = self._state.project(ref)
        for name in names:
            project.secrets.pop(name, None)
        self._state.save()

    def _platform(self, project: Project) -> dict[str, str]:
        keys = project.keys
        password = quote(project.database_password, safe="")
        address = f"postgresql://postgres.{project.ref}:{password}@{self._pooler}/postgres"
        values = {
            "SUPABASE_URL": f"{self._url}/projects/{project.ref}",
            "SUPABASE_ANON_KEY": keys.anon,
            "SUPABASE_SERVICE_ROLE_KEY": keys.service_role,
            "SUPABASE_DB_URL": address,
        }
        for kind, default in (("publishable", keys.publishable), ("secret", keys.secret)):
            named = {"default": default} if default else {}
            named |= {entry["name"]: entry["api_key"] for entry in keys.added if entry["type"] == kind}
            if named:
                values[f"SUPABASE_{kind.upper()}_KEYS"] = json.dumps(named)
        if keys.signing_key is not None:
            values["SUPABASE_JWKS"] = json.dumps(keys.jwks())
        return values
