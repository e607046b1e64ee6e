"""Tokens: whom each acts as and what it holds. Those of the seed are given, others are issued while GitHub runs."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from localcloud.github.errors import BadCredentialsError
from localcloud.github.permissions import NAMES, WORKFLOW_NAMES
from localcloud.github.store import ACTIONS_APP, Json, Store

Permissions = dict[str, Literal["read", "write"]]

_ALL = sorted(NAMES)
_SECRETS = {"secrets", "environments", "actions_variables"}
# Rights that people know by name; any others are given one by one.
PROFILES: Mapping[str, Permissions] = {
    "full": dict.fromkeys(_ALL, "write"),
    "no-administration": {name: "write" for name in _ALL if "administration" not in name},
    "no-secrets": {name: "write" for name in _ALL if name not in _SECRETS},
    "none": {},
    "read-only": dict.fromkeys(_ALL, "read"),
}


@dataclass(frozen=True)
class GitHubToken:
    """One credential.

    Attributes:
        value: the secret itself.
        login: the user that it acts as; for an app the login of its bot.
        app_id: number of the app whose installation it belongs to; None for a user's own token.
        permissions: the level by permission; None for a classic token, which is bounded by its user's roles alone.
        repositories: full names of the only repositories that it is for; None for all.
        expires_at: when it stops being accepted.
    """

    value: str = field(repr=False)
    login: str
    app_id: int | None = None
    permissions: Mapping[str, str] | None = None
    repositories: tuple[str, ...] | None = None
    expires_at: datetime | None = None


class WantedToken(BaseModel):
    """A token to issue.

    Attributes:
        login, app: whom it acts as: a user's login or an app's slug, one of them.
        permissions: `read` or `write` by permission, as GitHub names them (a workflow's own spelling with dashes and
            `variables` are taken too); absent for a classic token, or all that the app can have.
        profile: permissions by a name of PROFILES instead.
        repositories: names of the only repositories that it is for.
        expires_at: when it stops being accepted.
    """

    model_config = ConfigDict(extra="forbid")

    login: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    app: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] | None = None
    permissions: Permissions | None = None
    profile: Literal["full", "no-administration", "no-secrets", "none", "read-only"] | None = None
    repositories: list[str] | None = None
    expires_at: AwareDatetime | None = None

    @field_validator("permissions")
    @classmethod
    def _are_known(cls, given: Permissions | None) -> Permissions | None:
        if given is None:
            return None
        named: Permissions = {_canonical(name): level for name, level in given.items()}
        if unknown := sorted(named.keys() - NAMES):
            raise ValueError(f"unknown: {', '.join(unknown)}; there are: {', '.join(sorted(NAMES))}")
        return named

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if (self.login is None) == (self.app is None):
            raise ValueError("give either login or app")
        if self.permissions is not None and self.profile is not None:
            raise ValueError("give either permissions or profile")
        beyond = sorted((self.held() or {}).keys() - WORKFLOW_NAMES)
        if self.app == ACTIONS_APP["slug"] and beyond:
            raise ValueError(f"a workflow's token can't hold {', '.join(beyond)}")
        return self

    def held(self) -> Permissions | None:
        """Give the permissions; metadata comes with any other, as on GitHub."""
        given = dict(PROFILES[self.profile]) if self.profile else self.permissions
        if given is None and self.app == ACTIONS_APP["slug"]:
            given = dict.fromkeys(sorted(WORKFLOW_NAMES), "write")
        return {"metadata": "read", **given} if given else given


def issue(store: Store, wanted: WantedToken) -> str:
    """Issue a token; a login that is new signs up and is a member of nothing, an app that is new is registered."""
    if wanted.login:
        user = store.state["users"].setdefault(
            wanted.login.lower(), {"id": store.next_id(), "login": wanted.login, "created_at": store.now()}
        )
        prefix, bearer = "ghp" if wanted.held() is None else "github_pat", {"login": user["login"], "app_id": None}
    else:
        app = _registered(store, str(wanted.app))
        prefix, bearer = "ghs", {"login": f"{app['slug']}[bot]", "app_id": app["id"]}
    value = f"{prefix}_{secrets.token_hex(18)}"
    # What the token stands for is kept under its digest: the state holds no credential.
    store.state["tokens"][_digest(value)] = bearer | {
        "permissions": wanted.held(),
        "repositories": wanted.repositories,
        "expires_at": wanted.expires_at.isoformat() if wanted.expires_at else None,
    }
    return value


def revoke(store: Store, value: str) -> None:
    """Let an issued token be accepted no more.

    Raises:
        BadCredentialsError: none was issued of that value.
    """
    if store.state["tokens"].pop(_digest(value), None) is None:
        raise BadCredentialsError


def authenticate(store: Store, seeded: Iterable[GitHubToken], value: str) -> GitHubToken:
    """Find the token of a value.

    Raises:
        BadCredentialsError: nobody was given it, or it has expired.
    """
    for token in seeded:
        if secrets.compare_digest(token.value.encode(), value.encode()):
            return token
    issued = store.state["tokens"].get(_digest(value))
    if issued is None:
        raise BadCredentialsError
    expiry = issued.get("expires_at")
    repositories = issued.get("repositories")
    token = GitHubToken(
        value,
        issued["login"],
        issued["app_id"],
        issued.get("permissions"),
        None if repositories is None else tuple(repositories),
        datetime.fromisoformat(expiry) if expiry else None,
    )
    if token.expires_at is not None and token.expires_at <= store.clock():
        raise BadCredentialsError
    return token


def _canonical(name: str) -> str:
    underscored = name.replace("-", "_")
    return "actions_variables" if underscored == "variables" else underscored


def _registered(store: Store, slug: str) -> Json:
    known = {app["slug"]: app for app in store.apps()}
    if slug not in known:
        made = {"id": store.next_id(), "slug": slug, "name": slug}
        store.state["apps"][str(made["id"])] = made
        return made
    return known[slug]


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
