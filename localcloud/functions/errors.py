"""What the functions' management API and their gateway answer when they refuse.

Sources: supabase/supabase apps/docs/content/guides/functions/error-codes.mdx for the gateway's codes, deploy answers
quoted in public issues for the management messages; read in 2026.
"""

from typing import ClassVar

from localcloud.api_error import ApiError


class InvalidUploadError(ApiError):
    """The deploy request itself is wrong."""

    status = 400


class BundleError(ApiError):
    """Deno could not build the module graph of the upload."""

    status = 400

    def __init__(self, reason: str) -> None:
        super().__init__(f"Failed to bundle the function (reason: {reason})")
        self.reason = reason


class UploadTooLargeError(ApiError):
    """The upload exceeds the platform's limit."""

    status = 413

    def __init__(self) -> None:
        super().__init__("request entity too large")


class ProjectNotFoundError(ApiError):
    """No project has the ref."""

    status = 404

    def __init__(self) -> None:
        super().__init__("Project not found")


class FunctionNotFoundError(ApiError):
    """The project has no function of that slug."""

    status = 404

    def __init__(self) -> None:
        super().__init__("Function not found")


class GatewayError(ApiError):
    """An error of the gateway; clients tell them apart by the header `sb-error-code`."""

    code: ClassVar[str]
    text: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self.text, headers={"sb-error-code": self.code})

    def body(self) -> dict[str, str]:
        """Give the gateway's own form of an error."""
        return {"code": self.code, "message": self.message}


class RequestedFunctionNotFoundError(GatewayError):
    """No active function has the slug."""

    status, code, text = 404, "NOT_FOUND", "Requested function was not found"


class FunctionBlobNotFoundError(GatewayError):
    """The function is listed as ACTIVE, but its version's files are not there."""

    status, code, text = 404, "NOT_FOUND_FUNCTION_BLOB", "Requested function was not found"


class NoAuthorizationHeaderError(GatewayError):
    """The function wants a JWT and the request brings none."""

    status, code, text = 401, "UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header"


class InvalidJwtFormatError(GatewayError):
    """The header is not `Bearer <JWT>`; a publishable or secret key ends here as well."""

    status, code, text = 401, "UNAUTHORIZED_INVALID_JWT_FORMAT", "Invalid JWT"


class InvalidLegacyJwtError(GatewayError):
    """An HS256 token with a wrong signature, or an expired one."""

    status, code, text = 401, "UNAUTHORIZED_LEGACY_JWT", "Invalid JWT"


class InvalidAsymmetricJwtError(GatewayError):
    """An ES256 or RS256 token with a wrong signature, or an expired one."""

    status, code, text = 401, "UNAUTHORIZED_ASYMMETRIC_JWT", "Invalid JWT"


class UnsupportedTokenAlgorithmError(GatewayError):
    """A token signed in a way that the platform does not know."""

    status, code, text = 401, "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM", "Invalid JWT"


class BootError(GatewayError):
    """The worker ended, or never served, before its first request."""

    status, code, text = 503, "BOOT_ERROR", "Function failed to start (please check logs)"


class WorkerError(GatewayError):
    """The worker died during the request."""

    status, code, text = 500, "WORKER_ERROR", "Function exited due to an error (please check logs)"


class IdleTimeoutError(GatewayError):
    """The function sent nothing for the platform's request timeout."""

    status, code, text = 504, "IDLE_TIMEOUT", "Request idle timeout limit (150s) reached"
