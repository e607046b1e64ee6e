"""Values that can be recognised wherever they turn up, and a watcher of everything that a command leaves or starts."""

import base64
import contextlib
import gzip
import json
import os
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote, quote_plus

# What tells one kind of token from another is no secret.
_PREFIXES = ("sbp_", "ghp_", "github_pat_", "sb_secret_", "sk-ant-local-")
_LONGEST_FILE = 1_000_000
_POLL_SECONDS = 0.03
MARK = f"CANARY_LIFE_{os.getpid()}"
"""A variable that marks a process as ours, whose parent may have gone before anybody looked."""


def make_value() -> str:
    """Make a value whose escaped forms differ from it in each way of writing it."""
    return f"{secrets.token_hex(10)}/+\"&<>%= \\'{secrets.token_hex(10)}"


def forms(value: str) -> frozenset[bytes]:
    """Give what to look for: both halves, since texts get cut, and the whole, in the ways of writing them."""
    core = value
    for prefix in _PREFIXES:
        core = core.removeprefix(prefix)
    half = len(core) // 2
    found = set()
    for text in (value, core[:half], core[half:]):
        once = json.dumps(text)[1:-1]
        escaped = {text, quote(text), quote(text, safe=""), quote_plus(text), once, json.dumps(once)[1:-1]}
        # The engine's own JSON.
        escaped.add(once.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
        found |= {form.encode() for form in escaped} | {text.encode().hex().encode()} | set(_in_base64(text.encode()))
    return frozenset(found)


def _in_base64(content: bytes) -> Iterator[bytes]:
    # What surrounds it decides where its bits begin; the characters that it shares with that are left out.
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + content + b"\0" * 3)
        inner = encoded[-(-offset * 8 // 6) : (offset + len(content)) * 8 // 6]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


@dataclass(frozen=True)
class Canaries:
    """Secrets by name, and a search for them in whatever form."""

    values: dict[str, str] = field(default_factory=dict, repr=False)
    _forms: dict[str, frozenset[bytes]] = field(default_factory=dict, repr=False)

    def add(self, name: str, value: str) -> str:
        assert len(value) >= 20, name
        self.values[name], self._forms[name] = value, forms(value)
        return value

    def found_in(self, content: bytes) -> set[str]:
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        return {name for name, wanted in self._forms.items() if any(form in content for form in wanted)}

    def found_below(self, folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, set[str]]:
        """Give the files below a folder that hold one, and which; some names and folders are left out."""
        skipped = {folder / name for name in without}
        found = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and skipped.isdisjoint((path, *path.parents)):
                found[str(path.relative_to(folder))] = self.found_in(path.read_bytes())
        return {name: names for name, names in found.items() if names}


@dataclass(frozen=True)
class Seen:
    """What a watcher saw.

    Attributes:
        commands: command line to the names of its variables' canaries, whenever it was looked at.
        files: path of a temporary file to what stood in it.
    """

    commands: dict[str, set[str]] = field(default_factory=dict)
    files: dict[str, set[bytes]] = field(default_factory=dict)


class Watcher:
    """Looks at every process below this one, and at every file of a folder, again and again."""

    def __init__(self, canaries: Canaries, folder: Path) -> None:
        self.seen = Seen()
        self._canaries, self._folder = canaries, folder
        self._known: set[tuple[str, str]] = set()
        self._ours: set[tuple[str, str]] = set()
        self._looked_at: dict[Path, tuple[int, int]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            last = self._ended.is_set()
            self._look_at_processes()
            self._look_at_files()
            if last:
                return
            self._ended.wait(_POLL_SECONDS)

    def _look_at_processes(self) -> None:
        parents: dict[tuple[str, str], str] = {}
        for number in os.listdir("/proc"):  # noqa: PTH208 - names, many times a second
            if number.isdigit():
                with contextlib.suppress(OSError):
                    told = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
                    # After the name, which may hold anything: state, parent, …, and when it began.
                    words = told.rpartition(")")[2].split()
                    parents[number, words[19]] = words[1]
        for begun in parents.keys() - self._known:
            self._known.add(begun)
            with contextlib.suppress(OSError):
                if MARK.encode() in Path(f"/proc/{begun[0]}/environ").read_bytes():
                    self._ours.add(begun)
        below = {str(os.getpid()), *(process for process, _ in self._ours & parents.keys())}
        # One whose parent has gone since stays ours.
        while new := {process for process in parents.keys() - self._ours if parents[process] in below}:
            self._ours |= new
            below |= {process for process, _ in new}
        for number, _ in self._ours & parents.keys():
            with contextlib.suppress(OSError):
                self._look_at(Path("/proc", number))

    def _look_at(self, process: Path) -> None:
        command = " ".join((process / "cmdline").read_bytes().decode(errors="replace").split("\0")).strip()
        environment = (process / "environ").read_bytes()
        self.seen.commands.setdefault(command, set()).update(self._canaries.found_in(environment))

    def _look_at_files(self) -> None:
        for place, folders, names in os.walk(self._folder):
            if "PG_VERSION" in names:
                # A throw-away database of the proof of undos, whose processes are looked at.
                folders.clear()
                continue
            for name in names:
                path = Path(place, name)
                with contextlib.suppress(OSError):
                    told = path.stat()
                    if self._looked_at.get(path) == (told.st_mtime_ns, told.st_size) or told.st_size > _LONGEST_FILE:
                        continue
                    self._looked_at[path] = (told.st_mtime_ns, told.st_size)
                    self.seen.files.setdefault(str(path.relative_to(self._folder)), set()).add(path.read_bytes())
