"""The file of function secrets, as `supabase functions serve --env-file` takes it."""

import io
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from localcloud.dev.backend import BackendError
from localcloud.dev.terminal import Terminal

_RESERVED = "SUPABASE_"


class EnvironmentFile:
    """The variables of a file; their values go to the functions and nowhere else.

    Attributes:
        path: the file.
        values: what it holds; empty where it is not there.
    """

    def __init__(self, path: Path, terminal: Terminal, *, is_required: bool) -> None:
        """Read the file.

        Raises:
            BackendError: it is required and not there.
        """
        self.path = path
        self.values: dict[str, str] = {}
        self._terminal = terminal
        if is_required and not path.is_file():
            raise BackendError(
                f"{path} is no file, so the functions would miss their secrets. Remedy: --env-file PATH."
            )
        self.read()

    def read(self) -> bool:
        """Read the file again and say whether its variables are others now; wrong lines are named, never shown."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        bindings = list(parse_stream(io.StringIO(text)))
        for binding in bindings:
            if binding.error or (binding.key and binding.value is None):
                self._terminal.warn(f"{self.path.name}:{binding.original.line}: no NAME=value, left out")
        wrong_free = "".join(binding.original.string for binding in bindings if not binding.error)
        found = {
            name: value for name, value in dotenv_values(stream=io.StringIO(wrong_free)).items() if value is not None
        }
        for name in [name for name in found if name.startswith(_RESERVED)]:
            self._terminal.warn(f"{self.path.name}: {name} is left out, since {_RESERVED}… is the platform's")
            del found[name]
        changed = found != self.values
        self.values = found
        return changed
