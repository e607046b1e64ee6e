"""Markdown in which text of others can't become markup, and which ends where GitHub's limit does."""

import re
from collections.abc import Iterable

LIMIT = 65_536
"""Characters that GitHub takes for a comment."""
_ROOM = 400


def inline(text: object, characters: int = 300) -> str:
    """Give a text as code within a line: nothing in it is markup, mentions somebody or ends the line."""
    line = " ".join(str(text).split()) or " "
    if len(line) > characters:
        line = f"{line[:characters]}…"
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def cell(text: object, characters: int = 120) -> str:
    """Give a text as code within a table's cell, where a bar would end it."""
    return inline(str(text).replace("|", "¦"), characters)


def block(text: str, language: str = "", characters: int = 8_000) -> str:
    """Give a text as a block of code, cut with a sentence that says so."""
    cut = ""
    if len(text) > characters:
        cut = f"\n{len(text) - characters} more characters stand in the file."
        text = text[:characters]
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}{cut}"


class Document:
    """Takes sections in the order of their weight, and leaves out what no longer fits.

    Args:
        limit: characters in all.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._parts: list[str] = []
        self._left = limit - _ROOM
        self._omitted = 0

    def add(self, text: str) -> bool:
        """Take a part, if there is room for it; tells whether there was."""
        if len(text) + 1 > self._left:
            self._omitted += 1
            return False
        self._parts.append(text)
        self._left -= len(text) + 1
        return True

    def section(self, title: str, entries: Iterable[str]) -> None:
        """Take a title and as many of the entries as there is room for."""
        listed = list(entries)
        if not listed or not self.add(f"\n### {title}\n"):
            return
        for number, entry in enumerate(listed):
            if len(entry) + 1 > self._left:
                rest = len(listed) - number
                self._omitted += rest
                self._left = 0
                self._parts.append(f"… and {rest} more")
                return
            self.add(entry)

    def text(self) -> str:
        """Give the whole, with a sentence about what was left out."""
        parts = list(self._parts)
        if self._omitted:
            parts.append(
                f"\n**{self._omitted} entries did not fit into a comment**; `pulumi preview --diff` shows all of them."
            )
        return "\n".join(parts) + "\n"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
