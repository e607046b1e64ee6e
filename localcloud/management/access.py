"""Who may call which operation of the Management API: access tokens, classic and scoped."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request

from localcloud.durable import discard_unfinished, read_json, write_json
from localcloud.management.errors import PrivilegesError, UnauthorizedError
from localcloud.management.operations import find_operation, operations
from localcloud.management.state import ManagementState

OWNER = "local"  # the user whose organisations these are
READING = frozenset(
    permission
    for operation in operations()
    for alternative in operation.permissions
    for permission in alternative
    if permission.endswith("_read")
)
"""Every published permission that only reads."""


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """What the holder of a token may do.

    Attributes:
        user: whose token it is; rate limits count by user.
        permissions: of a scoped token; None for a classic one, which may do whatever its user may.
        organizations: slugs of the organisations that it reaches; None for all.
        projects: refs of the only projects that it reaches; None for all of its organisations.
    """

    user: str = OWNER
    permissions: frozenset[str] | None = None
    organizations: frozenset[str] | None = None
    projects: frozenset[str] | None = None

    def reaches_organization(self, slug: str) -> bool:
        """Say whether the organisation itself is within reach; for a token limited to projects none is."""
        return self.projects is None and (self.organizations is None or slug in self.organizations)

    def reaches_project(self, ref: str, organization: str) -> bool:
        """Say whether a project of an organisation is within reach."""
        return ref in self.projects if self.projects is not None else self.reaches_organization(organization)

    def may(self, *alternatives: frozenset[str]) -> bool:
        """Say whether the token has all permissions of one of the sets; no set at all asks for nothing."""
        return self.permissions is None or not alternatives or any(need <= self.permissions for need in alternatives)


class AccessTokens:
    """The tokens that exist: those of the local cloud's owner, one for each variable, and those made by the control.

    They are kept in a file that only its owner reads, from which `exec` and `shell` take the variables.
    """

    def __init__(self, path: Path, fixed: Mapping[str, AccessToken], seeded: Mapping[str, AccessToken]) -> None:
        """Read the file, and make what is missing.

        Args:
            path: the file.
            fixed: tokens by their value, kept elsewhere.
            seeded: tokens by the environment variable that hands them out; values are made once and stay.
        """
        self._path = path
        self._fixed = dict(fixed)
        discard_unfinished(path)
        document = read_json(path) or {}
        values = {entry["variable"]: value for value, entry in document.items() if entry["variable"]}
        self._seeded = {values.get(variable) or _new_value(): (variable, token) for variable, token in seeded.items()}
        self._made = {value: _from_json(entry) for value, entry in document.items() if not entry["variable"]}
        self._save()

    def make(self, token: AccessToken) -> str:
        """Add a token and give its value."""
        value = _new_value()
        self._made[value] = token
        self._save()
        return value

    def forget_made(self) -> None:
        """Remove what `make` added."""
        self._made.clear()
        self._save()

    def find(self, authorization: str) -> AccessToken | None:
        """Give the token of an `Authorization` header, or None."""
        seeded = {value: token for value, (_, token) in self._seeded.items()}
        for value, token in {**self._fixed, **seeded, **self._made}.items():
            if hmac.compare_digest(authorization.encode(), f"Bearer {value}".encode()):
                return token
        return None

    def _save(self) -> None:
        seeded = {value: _to_json(token, variable) for value, (variable, token) in self._seeded.items()}
        made = {value: _to_json(token, None) for value, token in self._made.items()}
        write_json(self._path, seeded | made)  # a temporary file is made with mode 0600


class Access:
    """Lets a request pass that its token allows."""

    def __init__(self, tokens: AccessTokens, state: ManagementState) -> None:
        """Take the tokens, and what they may reach."""
        self._tokens = tokens
        self._state = state

    def check(self, request: Request) -> None:
        """Hold a request to its token, which `token_of` gives from then on.

        Raises:
            UnauthorizedError: no token, or none that exists.
            PrivilegesError: the token has not the permission, or does not reach the project or organisation.
        """
        token = self._tokens.find(request.headers.get("authorization", ""))
        if token is None:
            raise UnauthorizedError
        operation = find_operation(request.method, request.url.path)
        if operation and not token.may(*operation.permissions):
            raise PrivilegesError
        reference, slug = request.path_params.get("ref"), request.path_params.get("slug")
        # What does not exist is the operation's to report.
        if reference and self._state.exists(reference):
            self.require_project(token, reference)
        elif slug and not reference and any(slug == known.slug for known in self._state.organizations):
            require_organization(token, slug)
        request.state.token = token

    def require_project(self, token: AccessToken, ref: str) -> None:
        """Refuse a project out of the token's reach.

        Raises:
            PrivilegesError: it is.
        """
        if not token.reaches_project(ref, self._state.project(ref).organization_slug):
            raise PrivilegesError


def require_organization(token: AccessToken, slug: str) -> None:
    """Refuse an organisation out of the token's reach.

    Raises:
        PrivilegesError: it is.
    """
    if not token.reaches_organization(slug):
        raise PrivilegesError


def token_of(request: Request) -> AccessToken:
    """Give the token that `Access.check` found."""
    token: AccessToken = request.state.token
    return token


def _new_value() -> str:
    return f"sbp_{secrets.token_hex(20)}"


def _to_json(token: AccessToken, variable: str | None) -> dict[str, Any]:
    facts = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(token).items()}
    return {**facts, "variable": variable}


def _from_json(entry: dict[str, Any]) -> AccessToken:
    facts: dict[str, Any] = {
        name: frozenset(value) if isinstance(value, list) else value for name, value in entry.items()
    }
    del facts["variable"]
    return AccessToken(**facts)
