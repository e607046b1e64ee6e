"""A stack that was released once, for tests that go on from there."""

from dataclasses import dataclass, field

from tests.engine.checkout import Checkout, Live


@dataclass(frozen=True)
class Released:
    """A checkout whose staging stack is released, what the first release printed, and every command line meanwhile."""

    checkout: Checkout
    live: Live
    first_up: str = field(repr=False)
    command_lines: frozenset[str] = field(repr=False)
