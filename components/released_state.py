"""What the last release of a stack left in the engine's state."""

from collections.abc import Callable

import pulumi

from provider.pending_invoke import PendingInvoke
from release.snapshot import Snapshot, find_snapshot


def read_released_state(stack: str) -> Snapshot | None:
    """Read the snapshot that a stack's last release took; None where it has made none.

    Args:
        stack: a stack of this project.
    """
    return begin_released_state(stack)()


def begin_released_state(stack: str) -> Callable[[], Snapshot | None]:
    """Begin to read it, as `read_released_state` does; the engine decrypts the state for it, which takes a while."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    pending = PendingInvoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": name})

    def answer() -> Snapshot | None:
        try:
            state = pending.answer()
        except pulumi.RunError:
            # There is no such stack.
            return None
        return find_snapshot((urn, resource["outputs"]) for urn, resource in state["outputs"].items())

    return answer
