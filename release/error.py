"""The one error that the release raises on purpose."""

from settings.printable import printable


class ReleaseError(Exception):
    """The release can't go on. The text gives cause, consequence and remedy, and never holds a secret.

    What it quotes of files and answers is shown as an escape where a terminal or a log would obey it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))
