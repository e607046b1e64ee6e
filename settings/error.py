"""The one error of a configuration that can't be used."""

from settings.printable import printable


class SettingsError(Exception):
    """The stack's configuration can't be used; the text lists every mistake with its remedy."""

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))
