"""What would be released: the backend in the work tree."""

from pathlib import Path

import pulumi

from release.backend_source import BackendSource, read_backend
from release.error import ReleaseError
from settings.stack import Settings


def read_sources(settings: Settings) -> BackendSource:
    """Read the backend.

    Raises:
        pulumi.RunError: it can't be released; the engine shows the text without a traceback.
    """
    try:
        return read_backend(Path(settings.backend.directory))
    except ReleaseError as error:
        raise pulumi.RunError(str(error)) from error
