"""What the last release of a stack left in the engine's state."""

import pulumi

from release.snapshot import Snapshot, find_snapshot


def read_released_state(stack: str) -> Snapshot | None:
    """Read the snapshot that a stack's last release took; None where it has made none.

    Args:
        stack: a stack of this project.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    try:
        state = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": name}).value
    except Exception:  # noqa: BLE001 - the SDK raises Exception itself, here for a stack that does not exist
        return None
    return find_snapshot((urn, resource["outputs"]) for urn, resource in state["outputs"].items())
