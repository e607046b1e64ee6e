"""The backend to release."""

from pydantic import Field

from settings.model import Model


class BackendSettings(Model):
    """The backend to release: its folder, and how its release behaves."""

    directory: str = Field(default="backend", min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f]+$")
    parallel_deploys: int = Field(default=4, ge=1, le=16)
    smoke_test_seconds: int = Field(default=120, ge=10, le=480)
    lock_timeout_seconds: int = Field(default=5, ge=1, le=60)
    statement_timeout_seconds: int = Field(default=600, ge=10, le=7200)
