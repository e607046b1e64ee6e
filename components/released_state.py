"""What the last release of a stack left in the engine's state."""

from collections.abc import Callable

import pulumi

from components.stack_outputs import begin_stack_outputs
from release.snapshot import Snapshot, find_snapshot


def read_released_state(stack: str) -> Snapshot | None:
    """Read the snapshot that a stack's last release took; None where it has made none.

    Args:
        stack: a stack of this project.
    """
    return begin_released_state(stack)()


def begin_released_state(stack: str) -> Callable[[], Snapshot | None]:
    """Begin to read it, as `read_released_state` does."""
    pending = begin_stack_outputs(stack)

    def answer() -> Snapshot | None:
        try:
            state = pending.answer()
        except pulumi.RunError:
            # There is no such stack.
            return None
        return find_snapshot((urn, resource["outputs"]) for urn, resource in state["outputs"].items())

    return answer
