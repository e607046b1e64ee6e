"""The engine's stacks in the local backend: one for every stack file."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from localcloud.place import Place


class StackError(Exception):
    """The engine did not create a stack; the message holds what it said."""


def create_missing_stacks(place: Place, source: Path, environment: Mapping[str, str]) -> list[str]:
    """Create the stacks whose `Pulumi.<stack>.yaml` is in `source` and whose state is not in the local backend.

    `pulumi stack init` writes a salt into a stack file that has none, so it works on copies: what is tracked in
    git stays as it is.

    Returns:
        The names of the stacks created.

    Raises:
        StackError: the engine refused.
    """
    project_file = source / "Pulumi.yaml"
    if not project_file.exists():
        return []
    project = yaml.safe_load(project_file.read_text(encoding="utf-8"))["name"]
    states = place.pulumi / ".pulumi" / "stacks" / project
    files = {path.name.split(".")[1]: path for path in sorted(source.glob("Pulumi.*.yaml"))}
    missing = [stack for stack in files if not (states / f"{stack}.json").exists()]
    for stack in missing:
        with tempfile.TemporaryDirectory() as copy:
            shutil.copy(project_file, copy)
            shutil.copy(files[stack], copy)
            told = subprocess.run(
                ["pulumi", "stack", "init", stack, "--no-select", "--non-interactive", "--cwd", copy],
                env=dict(environment),
                capture_output=True,
                text=True,
                check=False,
            )
        # Another call may have been faster.
        if told.returncode and not (states / f"{stack}.json").exists():
            raise StackError(f"The stack {stack} could not be created in {place.pulumi}: {told.stderr.strip()}")
    return missing
