"""The folder outside the work tree that holds each part by version."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain import report


def root() -> Path:
    """The cache's own folder: $XDG_CACHE_HOME/deployment-toolchain, by default below ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "deployment-toolchain"


def fingerprint(*parts: Path | str) -> str:
    """A short hash of texts and of files; a folder stands for all files in it."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(part.encode() + b"\0")
            continue
        folder, files = part.parent, [part]
        if part.is_dir():
            folder, files = part, sorted(path for path in part.rglob("*") if path.is_file())
        for file in files:
            digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Let one process at a time, of this user, work on the part of that name."""
    folder = root()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.say(f"{name}: being worked on already; waiting for that …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def obtain(name: str, fill: Callable[[Path], None]) -> Path:
    """Return the part's folder, after filling it if it does not exist yet.

    The folder appears whole or not at all: it is filled under another name beside it and then renamed.

    Args:
        name: `<part>-<version>`, the folder's name.
        fill: Puts the part's files into an empty folder; whatever it raises passes through, and nothing is kept.
    """
    folder = root() / name
    if folder.exists():
        return folder
    with lock(name):
        if not folder.exists():
            for abandoned in root().glob(f".{name}.*"):
                shutil.rmtree(abandoned, ignore_errors=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=root()))
            try:
                temporary.chmod(0o755)
                fill(temporary)
                temporary.rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    return folder
