"""A project's users and sessions, as its `auth` schema holds them."""

import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from localcloud.auth.errors import (
    EmailExistsError,
    RefreshTokenAlreadyUsedError,
    RefreshTokenNotFoundError,
    UserNotFoundError,
)

Row = dict[str, Any]


class Users:
    """Reads and writes users over one connection; passwords are hashed by the database with pgcrypto's bcrypt."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    async def by_id(self, user_id: str) -> Row:
        """Give a user.

        Raises:
            UserNotFoundError: there is none of this id.
        """
        user = await self._one("select * from auth.users where id = %s and deleted_at is null", user_id)
        if user is None:
            raise UserNotFoundError
        return user

    async def by_email(self, email: str) -> Row | None:
        """Give the user of an e-mail address, whatever its case."""
        return await self._one(
            "select * from auth.users where email = lower(%s) and not is_sso_user and deleted_at is null", email
        )

    async def by_password(self, email: str, password: str) -> Row | None:
        """Give the user who has this e-mail and password."""
        return await self._one(
            """select * from auth.users where email = lower(%s) and not is_sso_user and deleted_at is null
               and encrypted_password = extensions.crypt(%s, encrypted_password)""",
            email,
            password,
        )

    async def page(self, number: int, size: int) -> tuple[list[Row], int]:
        """Give one page of users, newest first, and how many there are."""
        cursor = self._connection.cursor(row_factory=dict_row)
        await cursor.execute(
            "select * from auth.users where deleted_at is null order by created_at desc, id limit %s offset %s",
            (size, (number - 1) * size),
        )
        rows = await cursor.fetchall()
        total = await self._one("select count(*) as total from auth.users where deleted_at is null")
        return rows, total["total"] if total else 0

    async def create(
        self,
        email: str,
        password: str | None,
        *,
        confirmed: bool,
        user_metadata: Mapping[str, Any],
        app_metadata: Mapping[str, Any],
        role: str = "authenticated",
        by_admin: bool = False,
    ) -> Row:
        """Add a user with an e-mail identity, and with what Auth adds to `user_metadata` for whoever made it.

        Raises:
            EmailExistsError: the address is taken.
        """
        user_id = str(uuid.uuid4())
        identity = {"sub": user_id, "email": email.lower(), "email_verified": confirmed, "phone_verified": False}
        added: dict[str, Any] = {"email_verified": confirmed} if by_admin else identity
        try:
            async with self._connection.transaction():
                user = await self._one(
                    """insert into auth.users (instance_id, id, aud, role, email, encrypted_password,
                         email_confirmed_at, confirmation_token, recovery_token, email_change_token_new, email_change,
                         raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
                       values ('00000000-0000-0000-0000-000000000000', %s, 'authenticated', %s, lower(%s),
                         extensions.crypt(%s, extensions.gen_salt('bf', 6)), case when %s then now() end,
                         '', '', '', '', %s, %s, now(), now()) returning *""",
                    *(user_id, role, email, password or secrets.token_urlsafe(32), confirmed),
                    *(Jsonb(app_metadata), Jsonb({**user_metadata, **added})),
                )
                await self._connection.execute(
                    """insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at,
                         created_at, updated_at) values (%s, %s, %s, 'email', now(), now(), now())""",
                    (user_id, user_id, Jsonb(identity)),
                )
        except psycopg.errors.UniqueViolation:
            raise EmailExistsError from None
        return user or {}

    async def update(self, user_id: str, changes: Mapping[str, Any]) -> Row:
        """Change the given ones of `email`, `password`, `confirmed`, `role`; metadata objects are merged by key.

        Raises:
            UserNotFoundError: there is none of this id.
            EmailExistsError: the address is taken.
        """
        merged = ("user_metadata", "app_metadata")
        values: dict[str, Any] = {name: Jsonb(changes.get(name) or {}) for name in merged}
        values |= {name: changes.get(name) for name in ("email", "password", "confirmed", "role")}
        try:
            async with self._connection.transaction():
                user = await self._one(
                    """update auth.users set updated_at = now(),
                         email = coalesce(lower(%(email)s), email), role = coalesce(%(role)s, role),
                         email_confirmed_at = case when %(confirmed)s then coalesce(email_confirmed_at, now())
                           else email_confirmed_at end,
                         encrypted_password = coalesce(
                           extensions.crypt(%(password)s, extensions.gen_salt('bf', 6)), encrypted_password),
                         raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || %(user_metadata)s,
                         raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || %(app_metadata)s
                       where id = %(id)s and deleted_at is null returning *""",
                    named={**values, "id": user_id},
                )
                await self._connection.execute(
                    """update auth.identities set updated_at = now(),
                         identity_data = identity_data || jsonb_build_object('email', lower(%s::text))
                       where user_id = %s and provider = 'email' and %s::text is not null""",
                    (values["email"], user_id, values["email"]),
                )
        except psycopg.errors.UniqueViolation:
            raise EmailExistsError from None
        if user is None:
            raise UserNotFoundError
        return user

    async def delete(self, user_id: str) -> None:
        """Remove a user, identities and sessions really.

        Raises:
            UserNotFoundError: there is none of this id.
        """
        if await self._one("delete from auth.users where id = %s returning id", user_id) is None:
            raise UserNotFoundError

    async def start_session(self, user_id: str) -> tuple[Row, str, str]:
        """Begin a session; gives the user, the session's id and its first refresh token."""
        session_id = str(uuid.uuid4())
        async with self._connection.transaction():
            await self._connection.execute(
                "insert into auth.sessions (id, user_id, created_at, updated_at) values (%s, %s, now(), now())",
                (session_id, user_id),
            )
            token = await self._add_refresh_token(user_id, session_id, parent=None)
            user = await self._one(
                "update auth.users set last_sign_in_at = now(), updated_at = now() where id = %s returning *", user_id
            )
        return user or {}, session_id, token

    async def refresh_session(self, token: str) -> tuple[Row, str, str]:
        """Exchange a refresh token; gives the user, the session's id and the next refresh token.

        Raises:
            RefreshTokenNotFoundError: no session has it.
            RefreshTokenAlreadyUsedError: it was exchanged before.
        """
        async with self._connection.transaction():
            found = await self._one("select * from auth.refresh_tokens where token = %s for update", token)
            if found is None:
                raise RefreshTokenNotFoundError
            if found["revoked"]:
                raise RefreshTokenAlreadyUsedError
            await self._connection.execute(
                "update auth.refresh_tokens set revoked = true, updated_at = now() where id = %s", (found["id"],)
            )
            session_id = str(found["session_id"])
            renewed = await self._add_refresh_token(found["user_id"], session_id, parent=token)
            return await self.by_id(found["user_id"]), session_id, renewed

    async def has_session(self, session_id: str) -> bool:
        """Whether a session goes on."""
        return await self._one("select id from auth.sessions where id = %s", session_id) is not None

    async def end_sessions(self, user_id: str, session_id: str, scope: str) -> None:
        """End a user's sessions: `global` all, `local` this one, `others` all but this one."""
        condition = {"global": "true", "local": "id = %(session)s", "others": "id <> %(session)s"}[scope]
        await self._connection.execute(
            f"delete from auth.sessions where user_id = %(user)s and {condition}",  # noqa: S608 - one of three above
            {"user": user_id, "session": session_id},
        )

    async def shown(self, user: Row) -> Row:
        """Give a user as the API shows one."""
        cursor = self._connection.cursor(row_factory=dict_row)
        await cursor.execute("select * from auth.identities where user_id = %s order by created_at", (user["id"],))
        identities = [
            {
                "identity_id": str(identity["id"]),
                "id": identity["provider_id"],
                "user_id": str(identity["user_id"]),
                "identity_data": identity["identity_data"],
                "provider": identity["provider"],
                **_moments(identity, "last_sign_in_at", "created_at", "updated_at"),
                "email": identity["email"],
            }
            for identity in await cursor.fetchall()
        ]
        return {
            "id": str(user["id"]),
            "aud": user["aud"],
            "role": user["role"],
            "email": user["email"] or "",
            "phone": user["phone"] or "",
            **_moments(user, "email_confirmed_at", "confirmation_sent_at", "confirmed_at", "last_sign_in_at"),
            "app_metadata": user["raw_app_meta_data"] or {},
            "user_metadata": user["raw_user_meta_data"] or {},
            "identities": identities,
            **_moments(user, "created_at", "updated_at", "banned_until"),
            "is_anonymous": user["is_anonymous"],
        }

    async def _add_refresh_token(self, user_id: str, session_id: str, *, parent: str | None) -> str:
        token = secrets.token_urlsafe(9)
        await self._connection.execute(
            """insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent,
                 session_id) values ('00000000-0000-0000-0000-000000000000', %s, %s, false, now(), now(), %s, %s)""",
            (token, user_id, parent, session_id),
        )
        return token

    async def _one(self, query: Any, *values: Any, named: Mapping[str, Any] | None = None) -> Row | None:
        cursor = self._connection.cursor(row_factory=dict_row)
        await cursor.execute(query, named or values)
        return await cursor.fetchone()


def _moments(row: Mapping[str, datetime | None], *names: str) -> dict[str, str]:
    """Give the times that are set, in the API's form; absent ones are left out."""
    found = {name: row[name] for name in names}
    return {name: moment.astimezone(UTC).isoformat().replace("+00:00", "Z") for name, moment in found.items() if moment}
