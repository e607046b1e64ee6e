"""The stack that validates what another one releases, and its branch."""

from pathlib import Path

from release.error import ReleaseError
from settings.reading import read_files
from settings.stack import Settings


def read_validator(settings: Settings, purpose: str) -> Settings:
    """Read the settings of the stack that validates for this one.

    Args:
        settings: of the stack that releases.
        purpose: what its branch is needed for, as in `no branch to release from`.

    Raises:
        ReleaseError: no stack validates.
        SettingsError: its stack file can't be used.
    """
    validator = settings.promotion.validated_by
    if validator is None:
        raise ReleaseError(
            f"Pulumi.{settings.stack}.yaml names no stack that validates, so there is no branch to {purpose}. Nothing"
            " was opened. Remedy: promotion.validatedBy."
        )
    return read_files(Path.cwd(), validator)
