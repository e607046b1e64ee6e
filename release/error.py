"""The one error that the release raises on purpose."""


class ReleaseError(Exception):
    """The release can't go on. The text gives cause, consequence and remedy, and never holds a secret."""
