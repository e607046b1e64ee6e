"""What the developer sees: lines for people, coloured where it is a terminal, or JSON for programs."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

_LONG = 2.0  # seconds without a word that nobody should have to wait
_INDENT = " " * 9  # the width of the time


class Terminal:
    """Prints events to the standard output.

    Args:
        as_json: print each event as one line of JSON.
        closed: called when nobody reads the output any more.
    """

    def __init__(self, *, as_json: bool, closed: Callable[[], None]) -> None:
        self._as_json = as_json
        self._console = _Console(closed)

    def tell(self, event: str, message: str | Text, *, style: str = "", **facts: Any) -> None:
        """Print an event.

        Args:
            event: its kind, for programs.
            message: what people read; lines after the first are indented.
            style: of the message, in rich's words.
            facts: what programs read beside kind, time and message.
        """
        now = datetime.now().astimezone()
        text = Text(message, style) if isinstance(message, str) else message
        if self._as_json:
            entry = {"time": now.isoformat(timespec="milliseconds"), "event": event, "message": text.plain, **facts}
            self._console.out(json.dumps(entry), highlight=False)
        else:
            lines = Text(f"\n{_INDENT}").join(text.split("\n"))
            self._console.print(Text(f"{now:%H:%M:%S} ", "dim") + lines)

    def warn(self, message: str) -> None:
        """Print what the developer should know and may leave as it is."""
        self.tell("warning", message, style="yellow")

    def complain(self, message: str, **facts: Any) -> None:
        """Print what keeps something from working."""
        self.tell("error", message, style="red", **facts)

    @contextmanager
    def progress(self, message: str) -> Iterator[None]:
        """Show what goes on: in a terminal at once, elsewhere when it has gone on for two seconds."""
        if self._console.is_terminal and not self._as_json:
            with self._console.status(message):
                yield
            return
        waiting = asyncio.get_running_loop().call_later(_LONG, self.tell, "progress", message)
        try:
            yield
        finally:
            waiting.cancel()


class _Console(Console):
    def __init__(self, closed: Callable[[], None]) -> None:
        super().__init__(highlight=False, soft_wrap=True, markup=False, emoji=False)
        self._closed = closed

    def on_broken_pipe(self) -> None:
        self.quiet = True
        self._closed()
