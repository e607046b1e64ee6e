"""Tokens: whom each acts as. Those of the seed are given, others are issued while the local GitHub runs."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from localcloud.github.errors import BadCredentialsError
from localcloud.github.store import Json, Store


@dataclass(frozen=True)
class GitHubToken:
    """One credential.

    Attributes:
        value: the secret itself.
        login: the user that it acts as; for an app the login of its bot.
        app_id: number of the app whose installation it belongs to; None for a user's own token.
    """

    value: str = field(repr=False)
    login: str
    app_id: int | None = None


def issue_for_user(store: Store, login: str) -> GitHubToken:
    """Issue a token for a user; a login that is new signs up, and is a member of nothing."""
    user = store.state["users"].setdefault(
        login.lower(), {"id": store.next_id(), "login": login, "created_at": store.now()}
    )
    return _keep(store, GitHubToken(f"ghp_{secrets.token_hex(18)}", user["login"]))


def issue_for_app(store: Store, slug: str) -> GitHubToken:
    """Issue an installation's token for an app, such as github-actions; an app that is new is registered."""
    known = {app["slug"]: app for app in store.apps()}
    app: Json = known.get(slug) or {"id": store.next_id(), "slug": slug, "name": slug}
    if slug not in known:
        store.state["apps"][str(app["id"])] = app
    return _keep(store, GitHubToken(f"ghs_{secrets.token_hex(18)}", f"{slug}[bot]", app["id"]))


def authenticate(store: Store, seeded: Iterable[GitHubToken], value: str) -> GitHubToken:
    """Find the token of a value.

    Raises:
        BadCredentialsError: nobody was given it.
    """
    for token in seeded:
        if secrets.compare_digest(token.value.encode(), value.encode()):
            return token
    issued = store.state["tokens"].get(_digest(value))
    if issued is None:
        raise BadCredentialsError
    return GitHubToken(value, **issued)


def _keep(store: Store, token: GitHubToken) -> GitHubToken:
    """Keep what the token stands for under its digest: the state holds no credential."""
    store.state["tokens"][_digest(token.value)] = {"login": token.login, "app_id": token.app_id}
    return token


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
