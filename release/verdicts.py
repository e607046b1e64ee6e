"""Checks that passed, remembered by what was checked: the program runs twice per `pulumi up`, and steps run again.

Only passes are kept, below the user's cache folder, each as a small file named by a digest. A cache that can't be read
or written is no cache: the check runs.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The place of one check's pass.

    Attributes:
        kind: which check, as a folder's name.
        key: digest of everything that the check depends on, hexadecimal.
    """

    kind: str
    key: str

    @property
    def passed(self) -> bool:
        """Tell whether just this check passed before, for whatever process of this user."""
        try:
            # A file that a crash or a full disk left incomplete does not hold its own name.
            return self._path().read_bytes() == self.key.encode()
        except (OSError, RuntimeError):
            return False

    def note_pass(self) -> None:
        """Remember that the check passed."""
        with contextlib.suppress(OSError, RuntimeError):
            path = self._path()
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=path.parent)
            try:
                with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
                    file.write(self.key.encode())
                Path(name).replace(path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise

    def _path(self) -> Path:
        return cache_folder() / self.kind / self.key


def cache_folder() -> Path:
    """Give the folder of all verdicts.

    Raises:
        RuntimeError: this user has no home.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deployment-verdicts"


def verdict_on(kind: str, *facts: object) -> Verdict:
    """Give the verdict's place.

    Args:
        kind: which check.
        facts: JSON of everything that it depends on: contents or digests, settings, the tools' identities.
    """
    return Verdict(kind=kind, key=hashlib.sha256(json.dumps(facts).encode()).hexdigest())
