"""What can go wrong in the provider: one tree, each message with cause, consequence and remedy."""

from http import HTTPStatus
from typing import Any


class SupabaseError(Exception):
    """An error that the user can understand and act on; the engine prints its text and no traceback."""


class InvalidInputError(SupabaseError):
    """What the program or the environment gave can't be used; nothing was sent."""


class AmbiguousError(SupabaseError):
    """Several remote objects fit, and only a person can say which one is meant."""


class CancelledError(SupabaseError):
    """The engine asked to stop; what was begun remotely goes on there."""


class UnreachableError(SupabaseError):
    """No answer came: the request may or may not have had its effect."""


class UnknownFormError(SupabaseError):
    """The API answered with success, and not in the form of its contract."""


class RefusedError(SupabaseError):
    """The API answered, and not with success.

    Attributes:
        status: the HTTP status.
        reason: the API's own message.
    """

    remedy = "correct what the API's message names, then run the command again"

    def __init__(self, action: str, status: int, reason: str) -> None:
        super().__init__(f"could not {action}: Supabase answered {status}: {reason}. Remedy: {self.remedy}.")
        self.status = status
        self.reason = reason


class NotFoundError(RefusedError):
    """There is no such object, or the token must not know of it."""

    remedy = "check the name, or run `pulumi refresh` if it was deleted outside of Pulumi"


class NotAllowedError(RefusedError):
    """The token is unknown, expired, or lacks a permission."""

    remedy = (
        "SUPABASE_ACCESS_TOKEN must hold a valid token with access to this organization "
        "(https://supabase.com/dashboard/account/tokens)"
    )


class PlanLimitError(RefusedError):
    """The organization's plan does not include this, or its quota is used up."""

    remedy = (
        "pause or delete a project that is no longer needed, or upgrade the organization's plan "
        "(https://supabase.com/dashboard/org/_/billing); nothing was created"
    )


class RateLimitedError(RefusedError):
    """Too many calls, even after waiting as the API asked."""

    remedy = "wait a minute and run the command again"


class ServerFaultError(RefusedError):
    """The platform failed; the request may or may not have had its effect."""

    remedy = "see https://status.supabase.com, then run the command again: it continues where it stopped"


class UnhealthyError(SupabaseError):
    """A project exists and is not usable: still coming up after the time allowed, paused, or in a status for good."""


class InitializationError(SupabaseError):
    """The object exists remotely but is not usable yet: the engine must keep its id and state.

    Attributes:
        identifier: the id to keep.
        state: the output properties to keep.
        reason: why it is not usable.
    """

    def __init__(self, identifier: str, state: dict[str, Any], reason: str) -> None:
        super().__init__(reason)
        self.identifier = identifier
        self.state = state
        self.reason = reason


def refusal(action: str, status: int, reason: str) -> RefusedError:
    """Give the error for an answer; the platform reports some plan limits as 400 with a sentence."""
    kinds = {401: NotAllowedError, 402: PlanLimitError, 403: NotAllowedError, 404: NotFoundError, 429: RateLimitedError}
    kind = kinds.get(status, ServerFaultError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else RefusedError)
    if kind is RefusedError and "maximum limit" in reason.lower():
        kind = PlanLimitError
    return kind(action, status, reason)
