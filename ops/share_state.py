"""Keeps a copy of a stack's state that holds no secret, for previews."""

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console

from ops.engine import run_engine
from ops.withheld_state import withhold
from release.error import ReleaseError
from settings.reading import PUBLIC_ENCRYPTION_SALT
from settings.stack_document import read_document
from settings.withheld import withholding

_console = Console(highlight=False, soft_wrap=True)


def share_state(stack: Annotated[str, typer.Option(help="The stack whose state is copied.")]) -> None:
    """Copy a stack's state, each secret replaced by the word `withheld`, to the backend of previews.

    PREVIEW_BACKEND_URL names that backend: any of the engine's, another one than the stack's own. A release does this
    at its end, so that previews of pull requests need neither the passphrase nor the state itself.
    """
    backend = preview_backend()
    exported = run_engine(["stack", "export", "--stack", stack, "--show-secrets"])
    if exported.returncode != 0:
        raise ReleaseError(
            f"The state of stack {stack} can't be read: {exported.stderr.strip()} Nothing was copied. Remedy: name its"
            " backend in PULUMI_BACKEND_URL, and its passphrase in PULUMI_CONFIG_PASSPHRASE."
        )
    state = withhold(_parse(exported.stdout))
    project = read_document(Path("Pulumi.yaml")).get("name")
    environment = {**withholding(), "PULUMI_BACKEND_URL": backend}
    with tempfile.TemporaryDirectory(prefix="share-state-") as name:
        folder = Path(name)
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": project, "runtime": "python"}), encoding="utf-8")
        (folder / f"Pulumi.{stack}.yaml").write_text(
            yaml.safe_dump({"encryptionsalt": PUBLIC_ENCRYPTION_SALT}), encoding="utf-8"
        )
        known = run_engine(["stack", "export", "--stack", stack], folder=folder, environment=environment)
        steps = [] if known.returncode == 0 else [["stack", "init", stack, "--no-select"]]
        for step in [*steps, ["stack", "import", "--stack", stack]]:
            given = json.dumps(state) if step[1] == "import" else None
            told = run_engine(step, folder=folder, environment=environment, given=given)
            if told.returncode != 0:
                raise ReleaseError(
                    f"The backend of previews did not take the copy of stack {stack}: {told.stderr.strip()} Previews"
                    " go by the copy before it. Remedy: PREVIEW_BACKEND_URL has to be writable; then run this again."
                )
    _console.print(f"the state of {stack} is shared with previews, without its secrets")


def _parse(exported: str) -> Any:
    try:
        return json.loads(exported)
    except (ValueError, RecursionError):
        # Which `withhold` refuses.
        return None


def preview_backend() -> str:
    """Give the address of the backend of previews.

    Raises:
        ReleaseError: none is named, or it is that of the stacks themselves.
    """
    backend = os.environ.get("PREVIEW_BACKEND_URL", "")
    if not backend or backend == os.environ.get("PULUMI_BACKEND_URL"):
        raise ReleaseError(
            "PREVIEW_BACKEND_URL does not name a backend of its own for previews. Nothing was read. Remedy: export it,"
            " such as s3://your-bucket/previews; on the local cloud `python -m localcloud exec` does."
        )
    return backend
