"""The one error of a configuration that can't be used."""


class SettingsError(Exception):
    """The stack's configuration can't be used; the text lists every mistake with its remedy."""
