"""The Auth (GoTrue) API of every project, at /projects/{ref}/auth/v1."""

import math
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import jwt
import psycopg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.auth.errors import (
    AuthError,
    BadJsonError,
    BadJwtError,
    EmailNotConfirmedError,
    InvalidApiKeyError,
    InvalidCredentialsError,
    NoApiKeyError,
    NoAuthorizationError,
    NotAdminError,
    NotImplementedByLocalCloudError,
    SessionNotFoundError,
    TokenUserNotFoundError,
    UserAlreadyExistsError,
    UserBannedError,
    UserNotFoundError,
    ValidationFailedError,
    WeakPasswordError,
)
from localcloud.auth.keys import ProjectKeys
from localcloud.auth.users import Row, Users
from localcloud.management.errors import ProjectNotFoundError

_SESSION_LIFETIME = 3600  # seconds; a project's default
_SHORTEST_PASSWORD = 6  # characters; a project's default
_LONGEST_PASSWORD = 72  # bytes; bcrypt's limit
_PAGE_SIZE = 50  # users; Auth's default
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_EMAIL_PROVIDER = {"provider": "email", "providers": ["email"]}
_NOT_HERE = ("phone", "ban_duration", "password_hash", "nonce", "id")

Connect = Callable[[str], Awaitable[psycopg.AsyncConnection[Any]]]
Endpoint = Callable[[Request], Awaitable[Response]]


class AuthService:
    """Sign-up, password and refresh grants, the signed-in user, log-out, and the admin user API.

    Owns no state: users and sessions are rows of the project's own database.

    Args:
        connect: opens an autocommit session that may write the schema `auth`; closed after each request.
        keys: gives a project's keys.
        exists: says whether there is a project of that ref.
        address: gives a project's URL as a request's client sees it.
        autoconfirm: the project's setting `mailer_autoconfirm`; without it a user who signed up must confirm first.
    """

    def __init__(
        self,
        *,
        connect: Connect,
        keys: Callable[[str], ProjectKeys],
        exists: Callable[[str], bool],
        autoconfirm: Callable[[str], bool],
        address: Callable[[Request], str] = lambda request: f"{request.base_url}projects/{request.path_params['ref']}",
    ) -> None:
        self._connect = connect
        self._keys = keys
        self._exists = exists
        self._autoconfirm = autoconfirm
        self._address = address

    def gateway_routes(self) -> list[Route]:
        """Give the routes, full paths."""
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "health", self._health),
            ("GET", "settings", self._settings),
            ("POST", "signup", self._sign_up),
            ("POST", "token", self._token),
            ("GET", "user", self._user),
            ("POST", "logout", self._log_out),
            ("GET", "admin/users", self._list_users),
            ("POST", "admin/users", self._create_user),
            ("GET", "admin/users/{id}", self._read_user),
            ("PUT", "admin/users/{id}", self._update_user),
            ("DELETE", "admin/users/{id}", self._delete_user),
        ]
        base = "/projects/{ref}/auth/v1"
        return [
            Route(f"{base}/.well-known/jwks.json", self._jwks, methods=["GET"]),
            *(Route(f"{base}/{path}", self._checked(endpoint), methods=[method]) for method, path, endpoint in table),
        ]

    def _checked(self, endpoint: Endpoint) -> Endpoint:
        """Put the API key's check before an endpoint."""

        async def check(request: Request) -> Response:
            keys = self._project_keys(request)
            key = _api_key(request)
            if not key:
                raise NoApiKeyError
            if keys.role_of_api_key(key) is None:
                raise InvalidApiKeyError
            return await endpoint(request)

        return check

    def _project_keys(self, request: Request) -> ProjectKeys:
        ref = request.path_params["ref"]
        if not self._exists(ref):
            raise ProjectNotFoundError
        return self._keys(ref)

    @asynccontextmanager
    async def _users(self, request: Request) -> AsyncIterator[Users]:
        async with await self._connect(request.path_params["ref"]) as connection:
            yield Users(connection)

    async def _jwks(self, request: Request) -> Response:
        return JSONResponse(self._project_keys(request).jwks())

    async def _health(self, _: Request) -> Response:
        description = "GoTrue is a user registration and authentication API"
        return JSONResponse({"version": "local", "name": "GoTrue", "description": description})

    async def _settings(self, request: Request) -> Response:
        return JSONResponse(
            {
                "external": {"anonymous_users": False, "email": True, "phone": False},
                "disable_signup": False,
                "mailer_autoconfirm": self._autoconfirm(request.path_params["ref"]),
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
            }
        )

    async def _sign_up(self, request: Request) -> Response:
        body = await _json_object(request)
        email, password = _email(body), body.get("password")
        if not isinstance(password, str) or not password:
            raise ValidationFailedError("Signup requires a valid password")
        _check_password(password)
        confirmed = self._autoconfirm(request.path_params["ref"])
        async with self._users(request) as users:
            known = await users.by_email(email)
            if known is not None and (confirmed or known["email_confirmed_at"]):
                if confirmed:
                    raise UserAlreadyExistsError
                # With confirmation on, Auth does not tell who has an account: a user that looks new, and is not kept.
                return JSONResponse({**await users.shown({**known, "id": uuid.uuid4()}), "identities": []})
            user = known or await users.create(
                email, password, confirmed=confirmed, user_metadata=body.get("data") or {}, app_metadata=_EMAIL_PROVIDER
            )
            if confirmed:
                return await self._session(request, users, await users.start_session(user["id"]), "password")
            return JSONResponse(await users.shown(user))

    async def _token(self, request: Request) -> Response:
        grant = request.query_params.get("grant_type")
        if grant not in {"password", "refresh_token"}:
            raise NotImplementedByLocalCloudError(f"grant type {grant}")
        body = await _json_object(request)
        async with self._users(request) as users:
            if grant == "refresh_token":
                session = await users.refresh_session(str(body.get("refresh_token", "")))
            else:
                user = await users.by_password(str(body.get("email", "")), str(body.get("password", "")))
                if user is None:
                    raise InvalidCredentialsError
                if user["banned_until"] and user["banned_until"] > datetime.now(UTC):
                    raise UserBannedError
                if user["email_confirmed_at"] is None:
                    raise EmailNotConfirmedError
                session = await users.start_session(user["id"])
            return await self._session(request, users, session, "password")

    async def _session(self, request: Request, users: Users, session: tuple[Row, str, str], method: str) -> Response:
        """Answer with a signed-in user's tokens."""
        row, session_id, refresh_token = session
        user = await users.shown(row)
        now = int(time.time())
        claims = {
            "iss": f"{self._address(request)}/auth/v1",
            "sub": user["id"],
            "aud": user["aud"],
            "email": user["email"],
            "phone": user["phone"],
            "app_metadata": user["app_metadata"],
            "user_metadata": user["user_metadata"],
            "role": user["role"],
            "aal": "aal1",
            "amr": [{"method": method, "timestamp": now}],
            "session_id": session_id,
            "is_anonymous": user["is_anonymous"],
        }
        return JSONResponse(
            {
                "access_token": self._project_keys(request).issue(claims, _SESSION_LIFETIME),
                "token_type": "bearer",
                "expires_in": _SESSION_LIFETIME,
                "expires_at": now + _SESSION_LIFETIME,
                "refresh_token": refresh_token,
                "user": user,
            }
        )

    async def _signed_in(self, request: Request, users: Users) -> tuple[Row, str]:
        """Give the user and the session that the bearer token stands for."""
        claims = self._bearer_claims(request)
        if not await users.has_session(_uuid(claims.get("session_id"), BadJwtError())):
            raise SessionNotFoundError
        try:
            return await users.by_id(_uuid(claims.get("sub"), BadJwtError())), claims["session_id"]
        except UserNotFoundError:
            raise TokenUserNotFoundError from None

    def _bearer_claims(self, request: Request) -> dict[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NoAuthorizationError
        try:
            return self._project_keys(request).verify(token)
        except jwt.InvalidTokenError:
            raise BadJwtError from None

    async def _user(self, request: Request) -> Response:
        async with self._users(request) as users:
            return JSONResponse(await users.shown((await self._signed_in(request, users))[0]))

    async def _log_out(self, request: Request) -> Response:
        scope = request.query_params.get("scope", "global")
        if scope not in {"global", "local", "others"}:
            raise ValidationFailedError(f"Unsupported logout scope {scope!r}")
        async with self._users(request) as users:
            user, session_id = await self._signed_in(request, users)
            await users.end_sessions(user["id"], session_id, scope)
        return Response(status_code=204)

    def _require_admin(self, request: Request) -> None:
        """Let only the secret key and the service key pass; the key check fills in a missing bearer token."""
        _, _, token = request.headers.get("authorization", "").partition(" ")
        role = self._project_keys(request).role_of_api_key(token or _api_key(request))
        if role is None:
            role = self._bearer_claims(request).get("role")
        if role != "service_role":
            raise NotAdminError

    async def _list_users(self, request: Request) -> Response:
        self._require_admin(request)
        try:
            page = int(request.query_params.get("page") or 1)
            size = int(request.query_params.get("per_page") or _PAGE_SIZE)
        except ValueError:
            raise ValidationFailedError("Bad Pagination Parameters") from None
        async with self._users(request) as users:
            rows, total = await users.page(max(page, 1), max(size, 1))
            shown = [await users.shown(row) for row in rows]
        last = max(1, math.ceil(total / max(size, 1)))
        links = [f'<{request.url.include_query_params(page=last)}>; rel="last"']
        if page < last:
            links.insert(0, f'<{request.url.include_query_params(page=page + 1)}>; rel="next"')
        headers = {"X-Total-Count": str(total), "Link": ", ".join(links)}
        return JSONResponse({"users": shown, "aud": "authenticated"}, headers=headers)

    async def _create_user(self, request: Request) -> Response:
        self._require_admin(request)
        body = await _admin_body(request)
        async with self._users(request) as users:
            user = await users.create(
                _email(body),
                body.get("password"),
                confirmed=bool(body.get("email_confirm")),
                user_metadata=body.get("user_metadata") or {},
                app_metadata={**_EMAIL_PROVIDER, **(body.get("app_metadata") or {})},
                role=body.get("role") or "authenticated",
                by_admin=True,
            )
            return JSONResponse(await users.shown(user))

    async def _read_user(self, request: Request) -> Response:
        self._require_admin(request)
        async with self._users(request) as users:
            return JSONResponse(await users.shown(await users.by_id(_user_id(request))))

    async def _update_user(self, request: Request) -> Response:
        self._require_admin(request)
        body = await _admin_body(request)
        if "email" in body:
            _email(body)
        async with self._users(request) as users:
            user = await users.update(_user_id(request), {**body, "confirmed": body.get("email_confirm")})
            return JSONResponse(await users.shown(user))

    async def _delete_user(self, request: Request) -> Response:
        self._require_admin(request)
        if await request.body() and (await _json_object(request)).get("should_soft_delete"):
            raise NotImplementedByLocalCloudError("soft deletion of a user")
        async with self._users(request) as users:
            await users.delete(_user_id(request))
        return JSONResponse({})


def _api_key(request: Request) -> str:
    return request.headers.get("apikey") or request.query_params.get("apikey") or ""


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise BadJsonError from None
    if not isinstance(body, dict):
        raise BadJsonError
    return body


async def _admin_body(request: Request) -> dict[str, Any]:
    body = await _json_object(request)
    for name in _NOT_HERE:
        if body.get(name):
            raise NotImplementedByLocalCloudError(f"a user's {name}")
    if body.get("password") is not None:
        _check_password(str(body["password"]))
    return body


def _check_password(password: str) -> None:
    if len(password) < _SHORTEST_PASSWORD:
        raise WeakPasswordError
    if len(password.encode()) > _LONGEST_PASSWORD:
        raise ValidationFailedError("Password cannot be longer than 72 characters")


def _email(body: dict[str, Any]) -> str:
    email = body.get("email")
    if not email:
        raise NotImplementedByLocalCloudError("a user without an e-mail address")
    if not isinstance(email, str) or not _EMAIL.fullmatch(email):
        raise ValidationFailedError("Unable to validate email address: invalid format")
    return email


def _uuid(value: object, error: AuthError) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise error from None


def _user_id(request: Request) -> str:
    return _uuid(request.path_params["id"], ValidationFailedError("user_id must be an UUID"))
