"""JSON documents that survive a kill at any moment."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> None:
    """Replace the document at `path` by `value`; after a crash it holds the old or the new one, never a part.

    Args:
        path: the document; its folder is created where absent.
        value: anything the json module can write.

    Raises:
        OSError: the disk refused; the old document stays.
    """
    write_text(path, json.dumps(value, indent=1, sort_keys=True))


def write_text(path: Path, text: str) -> None:
    """Replace a file as `write_json` does; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
        sync_folder(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def discard_unfinished(path: Path) -> None:
    """Remove what a kill in the middle of `write_json` left beside a document that nobody writes now."""
    for leftover in path.parent.glob(f"{path.name}?*.tmp"):
        leftover.unlink(missing_ok=True)


def sync_tree(path: Path) -> None:
    """Bring a folder onto the disk with all that is in it."""
    for folder, _, names in os.walk(path):
        for name in names:
            with (Path(folder) / name).open("rb") as stream:
                os.fsync(stream.fileno())
        sync_folder(Path(folder))


def sync_folder(path: Path) -> None:
    """Bring the names in a folder onto the disk: without it a rename may be lost with the power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> Any:
    """Read the document at `path`, or None where there is none yet."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
