"""What became of the cases so far, for runs that go on where others ended."""

import dataclasses
import json
from pathlib import Path

from faults.case import Outcome


class Journal:
    """Owns a file with an outcome in each line; several runs may add to it at once.

    Args:
        path: the file; None keeps the outcomes of this run alone, in memory.

    Raises:
        ValueError: a line of the file is no outcome.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept: list[Outcome] = []
        self.outcomes()

    def outcomes(self) -> list[Outcome]:
        """Give all outcomes, other runs' included, each case's last one."""
        if self._path is None:
            return self._kept
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        found = {}
        for number, line in enumerate(lines, start=1):
            try:
                read = json.loads(line)
                outcome = Outcome(**{**read, "problems": tuple(read["problems"])})
            except (json.JSONDecodeError, TypeError, KeyError) as error:
                raise ValueError(f"Line {number} of {self._path} is no outcome of a case.") from error
            found[outcome.name] = outcome
        return list(found.values())

    def add(self, outcome: Outcome) -> None:
        """Write down how a case went."""
        if self._path is None:
            self._kept.append(outcome)
        else:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(dataclasses.asdict(outcome)) + "\n")
