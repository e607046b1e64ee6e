"""A copy of the project, with its own local cloud running."""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from localcloud.place import PROJECT


class Copy:
    """A copy of the project in a folder, and the commands that are run in it.

    Attributes:
        directory: the folder.
        environment: what the local cloud's `exec` sets.
    """

    def __init__(self, directory: Path) -> None:
        """Copy what git knows, and start the local cloud."""
        self.directory = directory
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0")
        for name in names:
            if (PROJECT / name).is_file():
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / name, directory / name)
        (directory / ".venv").symlink_to(PROJECT / ".venv")
        self.prepare()
        for command in (["init", "--quiet"], ["add", "--all"]):
            subprocess.run(["git", *command], cwd=directory, check=True)
        told = self._localcloud("exec", "--", "python", "-c", "import json, os; print(json.dumps(dict(os.environ)))")
        self.environment: dict[str, str] = json.loads(told.splitlines()[-1])

    def prepare(self) -> None:
        """Change the copy before git takes note of it; nothing here."""

    def run(self, *command: str, folder: Path | None = None) -> None:
        """Run a command; what it prints is shown where it fails."""
        result = subprocess.run(
            command, cwd=folder or self.directory, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if result.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}")

    def time(self, *command: str, folder: Path | None = None) -> float:
        """Run a command and give the seconds that it took."""
        begin = time.monotonic()
        self.run(*command, folder=folder)
        return time.monotonic() - begin

    def stop(self) -> None:
        """Stop the local cloud."""
        self._localcloud("stop")

    def _localcloud(self, *arguments: str) -> str:
        return subprocess.run(
            [self.directory / ".venv" / "bin" / "python", "-m", "localcloud", *arguments],
            cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True,
        ).stdout  # fmt: skip


C = TypeVar("C", bound=Copy)


@contextmanager
def temporary(make: Callable[[Path], C]) -> Iterator[C]:
    """Make a copy that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        copy = make(Path(folder).resolve())
        try:
            yield copy
        finally:
            copy.stop()
