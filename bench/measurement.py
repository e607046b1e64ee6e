"""What a bench gives: figures, each beside its goal."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Say = Callable[[str], None]
"""Takes a line about what is being measured now."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One figure.

    Attributes:
        name: what was measured.
        unit: of all numbers here.
        samples: one for each round; the median counts.
        goal: what the median must not exceed; None for a figure that is told for the record.
    """

    name: str
    unit: str
    samples: Sequence[float]
    goal: float | None

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.samples)

    @property
    def met(self) -> bool:
        """Whether the goal is met, where there is one."""
        return self.goal is None or self.median <= self.goal


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Something that can be measured.

    Attributes:
        title: for people.
        method: how it is measured, a sentence or two.
        run: measures, and tells what it is doing.
    """

    title: str
    method: str
    run: Callable[[Say], list[Measurement]]
