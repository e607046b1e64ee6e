import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from checkout import Checkout, Live


@dataclass(frozen=True)
class Released:
    """A checkout whose staging stack is released, and what the first release printed."""

    checkout: Checkout
    live: Live
    first_up: str


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    """Give a released staging stack; each test leaves it released, for the next one."""
    checkout = Checkout.make(tmp_path_factory.mktemp("checkout"))
    try:
        first_up = checkout.up_well()
        live = Live(checkout.output("project_ref"), checkout.variables())
        yield Released(checkout, live, first_up)
    finally:
        checkout.localcloud("stop")
