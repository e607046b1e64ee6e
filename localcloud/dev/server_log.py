"""What PostgreSQL prints about statements that it refused."""

import asyncio
import re
from collections.abc import Callable

from localcloud.dev.terminal import Terminal

# As localcloud.logs.postgres.PREFIX has it.
_ENTRY = re.compile(
    r"\S+ \S+ \S+ \[(?P<pid>\d+)\] (?P<sqlstate>\w{5}) (?:[^@ ]*@\S* )?(?P<kind>[A-Z0-9]+):  (?P<text>.*)"
)
_ERRORS = {"ERROR", "FATAL", "PANIC"}
_EXTRAS = {"DETAIL", "HINT", "QUERY", "CONTEXT", "STATEMENT"}
_ADMINISTRATION = {"57P01", "57P03"}  # a server that is being stopped or started
_COMPLETE = 0.1  # seconds after which the lines of an error have all come


class ServerLog:
    """Puts the lines of each error together and tells it."""

    def __init__(self, is_ours: Callable[[int], bool], terminal: Terminal) -> None:
        """Take what knows the sessions whose errors are told elsewhere, and whom to tell."""
        self._is_ours = is_ours
        self._terminal = terminal
        self._lines: list[str] = []
        self._sqlstate = self._pid = ""

    def hear(self, line: str) -> None:
        """Take the next line that the server prints; one that begins with a tab goes on with the one before it."""
        found = _ENTRY.fullmatch(line)
        if found is None:
            if self._lines:
                self._lines.append(line.lstrip("\t"))
            return
        if self._lines and found["kind"] in _EXTRAS and found["pid"] == self._pid:
            self._lines.append(f"{found['kind'].lower()}: {found['text']}")
            return
        self._tell()
        self._sqlstate, self._pid = found["sqlstate"], found["pid"]
        told_here = self._sqlstate not in _ADMINISTRATION and not self._is_ours(int(self._pid))
        if found["kind"] in _ERRORS and told_here:
            self._lines = [f"database: {found['kind']} {self._sqlstate}: {found['text']}"]
            asyncio.get_running_loop().call_later(_COMPLETE, self._tell)

    def _tell(self) -> None:
        if self._lines:
            self._terminal.complain("\n".join(self._lines), source="database", sqlstate=self._sqlstate)
            self._lines = []
