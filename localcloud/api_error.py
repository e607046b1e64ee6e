"""What an emulated API answers when it refuses."""

from collections.abc import Mapping
from typing import Any, ClassVar


class ApiError(Exception):
    """An answer other than success; each API's own errors are subclasses, one per error.

    Attributes:
        status: the HTTP status.
        headers: extra response headers, such as Retry-After.
    """

    status: ClassVar[int] = 500
    headers: Mapping[str, str]

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Give the JSON body, in the form that the API in question uses."""
        return {"message": self.message}
