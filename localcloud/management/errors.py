"""The refusals of the Management API, in its words."""

from localcloud.api_error import ApiError


class UnauthorizedError(ApiError):
    """No token, or none of this local cloud."""

    status = 401

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class ProjectNotFoundError(ApiError):
    """No project has this ref."""

    status = 404

    def __init__(self) -> None:
        super().__init__("Project not found")


class OrganizationNotFoundError(ApiError):
    """No organisation has this slug."""

    status = 404

    def __init__(self) -> None:
        super().__init__("Organization not found")


class PrivilegesError(ApiError):
    """The token has not the permission, or does not reach the project or organisation."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "Your account does not have the necessary privileges to access this endpoint. "
            "For more details, refer to our documentation https://supabase.com/docs/guides/platform/access-control"
        )


class PlanError(ApiError):
    """What the organisation's plan, or an add-on that the project has not, would allow."""

    status = 402


class ApiKeyNotFoundError(ApiError):
    """The project has no API key of this id."""

    status = 404

    def __init__(self) -> None:
        super().__init__("API key not found")


class RestorePointNotFoundError(ApiError):
    """The project has no restore point of this name."""

    status = 404

    def __init__(self) -> None:
        super().__init__("Restore point not found")


class InvalidRequestError(ApiError):
    """A body, a parameter or a state of things that the operation does not accept; the message names it."""

    status = 400


class TooManyRequestsError(ApiError):
    """More calls to one endpoint of one project than its rate limit allows."""

    status = 429

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("ThrottlerException: Too Many Requests", headers=headers)


class OperationNotImplementedError(ApiError):
    """A published operation, or a part of one, that the local cloud does not have; it never pretends."""

    status = 501

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not implemented by the local cloud")
