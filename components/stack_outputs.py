"""What the engine's state has of a stack of this project."""

import pulumi

from provider.pending_invoke import PendingInvoke


def begin_stack_outputs(stack: str) -> PendingInvoke:
    """Begin to read a stack's state; the answer's `outputs` has each resource by its URN.

    The engine decrypts the state for it, which takes a while.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    return PendingInvoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": name})
