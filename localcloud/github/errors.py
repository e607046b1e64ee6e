"""GitHub's refusals, one class each, in the form its REST API gives them."""

from typing import Any, ClassVar

from localcloud.api_error import ApiError

DOCUMENTATION = "https://docs.github.com/rest"


class GitHubError(ApiError):
    """A refusal in GitHub's form: message, documentation_url, status."""

    documentation: ClassVar[str] = DOCUMENTATION

    def body(self) -> dict[str, Any]:
        """Give message, address of the documentation and the status as text."""
        return {"message": self.message, "documentation_url": self.documentation, "status": str(self.status)}


class MalformedJsonError(GitHubError):
    """The request body is no JSON object."""

    status: ClassVar[int] = 400

    def __init__(self) -> None:
        super().__init__("Problems parsing JSON")


class BadCredentialsError(GitHubError):
    """No token, or none that this GitHub knows."""

    status: ClassVar[int] = 401

    def __init__(self) -> None:
        super().__init__("Bad credentials")


class ForbiddenError(GitHubError):
    """The caller is known, but may not do this."""

    status: ClassVar[int] = 403


class NotAccessibleError(ForbiddenError):
    """The token lacks the permission, whatever its user may do.

    Args:
        app: whether the token is an app's.
    """

    def __init__(self, *, app: bool) -> None:
        super().__init__(f"Resource not accessible by {'integration' if app else 'personal access token'}")


class RateLimitError(ForbiddenError):
    """The caller's hour is used up; the headers tell when the next begins."""

    documentation: ClassVar[str] = f"{DOCUMENTATION}/using-the-rest-api/rate-limits-for-the-rest-api"

    def __init__(self, caller: str) -> None:
        super().__init__(f"API rate limit exceeded for {caller}.")


class SecondaryRateLimitError(ForbiddenError):
    """Too many calls in too short a time.

    Args:
        seconds: how long to wait.
    """

    documentation: ClassVar[str] = f"{RateLimitError.documentation}#about-secondary-rate-limits"

    def __init__(self, seconds: int) -> None:
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        super().__init__(message, headers={"Retry-After": str(seconds)})


class NotFoundError(GitHubError):
    """There is no such object, or the caller may not know of it."""

    status: ClassVar[int] = 404

    def __init__(self, message: str = "Not Found") -> None:
        super().__init__(message)


class ConflictError(GitHubError):
    """The object exists already, or is in a state that excludes the request."""

    status: ClassVar[int] = 409


class NotMergeableError(GitHubError):
    """The pull request cannot be merged now, or not in this way."""

    status: ClassVar[int] = 405


class GoneError(GitHubError):
    """The repository has this switched off."""

    status: ClassVar[int] = 410


class UnprocessableError(GitHubError):
    """A well-formed request that GitHub will not carry out; only a message, no list of errors."""

    status: ClassVar[int] = 422


class InvalidFieldsError(UnprocessableError):
    """A refusal with the list that names each field (or, for some routes, sentences).

    Args:
        errors: GitHub's error objects (resource, field, code, message), or plain sentences.
        message: what GitHub says of them all; for some routes it is "Unprocessable Entity".
    """

    def __init__(self, *errors: dict[str, str] | str, message: str = "Validation Failed") -> None:
        super().__init__(message)
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """Give the refusal together with the list of errors."""
        return super().body() | {"errors": list(self.errors)}


class NotEmulatedError(GitHubError):
    """The real GitHub may well answer this call; the local one does not know it and says so."""

    status: ClassVar[int] = 501

    def __init__(self, call: str) -> None:
        super().__init__(f"{call} is not implemented by the local cloud")
