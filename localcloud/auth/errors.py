"""What the Auth API and the key check before it answer when they refuse.

Source: GoTrue's error codes as Supabase documents them (guides/auth/debugging/error-codes), and its public source.
"""

from typing import Any, ClassVar

from localcloud.api_error import ApiError


class NoApiKeyError(ApiError):
    """The request brings no API key; answered before Auth is reached."""

    status = 401

    def __init__(self) -> None:
        super().__init__("No API key found in request")

    def body(self) -> dict[str, Any]:
        """Give the key check's own form."""
        return {"message": self.message, "hint": "No `apikey` request header or url param was found."}


class InvalidApiKeyError(ApiError):
    """The API key is none of this project's."""

    status = 401

    def __init__(self) -> None:
        super().__init__("Invalid API key")

    def body(self) -> dict[str, Any]:
        """Give the key check's own form."""
        return {"message": self.message, "hint": "Double check your API key."}


class AuthError(ApiError):
    """A refusal of Auth; `error_code` is what clients tell them apart by."""

    error_code: ClassVar[str]
    text: ClassVar[str] = ""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.text)

    def body(self) -> dict[str, Any]:
        """Give Auth's own form, which every client reads."""
        return {"code": self.status, "error_code": self.error_code, "msg": self.message}


class BadJsonError(AuthError):
    """The body is no JSON object."""

    status, error_code, text = 400, "bad_json", "Could not parse request body as JSON"


class ValidationFailedError(AuthError):
    """A value is missing or malformed; the message says which."""

    status, error_code = 400, "validation_failed"


class InvalidCredentialsError(AuthError):
    """No user has this e-mail and password."""

    status, error_code, text = 400, "invalid_credentials", "Invalid login credentials"


class EmailNotConfirmedError(AuthError):
    """The user has not confirmed the e-mail address."""

    status, error_code, text = 400, "email_not_confirmed", "Email not confirmed"


class UserBannedError(AuthError):
    """The user is banned for now."""

    status, error_code, text = 400, "user_banned", "User is banned"


class RefreshTokenNotFoundError(AuthError):
    """No session has this refresh token."""

    status, error_code = 400, "refresh_token_not_found"
    text = "Invalid Refresh Token: Refresh Token Not Found"


class RefreshTokenAlreadyUsedError(AuthError):
    """The refresh token was exchanged before."""

    status, error_code, text = 400, "refresh_token_already_used", "Invalid Refresh Token: Already Used"


class NoAuthorizationError(AuthError):
    """The request brings no bearer token."""

    status, error_code, text = 401, "no_authorization", "This endpoint requires a valid Bearer token"


class BadJwtError(AuthError):
    """The bearer token is not one that this project signed, or it has expired."""

    status, error_code, text = 403, "bad_jwt", "invalid JWT: unable to parse or verify signature"


class SessionNotFoundError(AuthError):
    """The token's session has ended."""

    status, error_code, text = 403, "session_not_found", "Session from session_id claim in JWT does not exist"


class TokenUserNotFoundError(AuthError):
    """The token's user does not exist any more."""

    status, error_code, text = 403, "user_not_found", "User from sub claim in JWT does not exist"


class NotAdminError(AuthError):
    """An admin route needs the secret key or the service key."""

    status, error_code, text = 403, "not_admin", "User not allowed"


class UserNotFoundError(AuthError):
    """No user has this id."""

    status, error_code, text = 404, "user_not_found", "User not found"


class EmailExistsError(AuthError):
    """An admin asked for an e-mail address that a user has."""

    status, error_code = 422, "email_exists"
    text = "A user with this email address has already been registered"


class UserAlreadyExistsError(AuthError):
    """Somebody signs up with an e-mail address that a user has."""

    status, error_code, text = 422, "user_already_exists", "User already registered"


class WeakPasswordError(AuthError):
    """The password is shorter than the project asks for."""

    status, error_code, text = 422, "weak_password", "Password should be at least 6 characters."

    def body(self) -> dict[str, Any]:
        """Add the reasons, as Auth does."""
        return {**super().body(), "weak_password": {"reasons": ["length"]}}


class NotImplementedByLocalCloudError(AuthError):
    """A part of Auth that exists on the platform and not here; it says so rather than pretend."""

    status, error_code = 501, "not_implemented"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not implemented by the local cloud")
