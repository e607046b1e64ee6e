"""Previews a stack without its passphrase and without the value of any secret."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console

from ops.engine import run_engine
from ops.share_state import preview_backend
from release.error import ReleaseError
from settings.reading import PUBLIC_ENCRYPTION_SALT, read_files
from settings.stack_document import read_document
from settings.withheld import withholding

_progress = Console(stderr=True, highlight=False, soft_wrap=True)
_OF_AN_ENCRYPTION = ("secretsprovider", "encryptedkey", "encryptionsalt")


def preview(
    stack: Annotated[str, typer.Option(help="The stack to preview.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the engine's JSON, for `ops plan`.")] = False,
) -> None:
    """Preview a stack from the copy of its state that holds no secret (PREVIEW_BACKEND_URL).

    For pull requests, whose code nobody has read yet. Secrets are compared by name: whether a value was changed is not
    seen. Tokens that only read are enough, and no right to the database is needed. Exit code 1: a gate refused, or the
    preview could not be made; the text says which.
    """
    read_files(Path.cwd(), stack)
    environment = {**withholding(), "PULUMI_BACKEND_URL": preview_backend()}
    with tempfile.TemporaryDirectory(prefix="preview-") as name:
        file = Path(name) / f"Pulumi.{stack}.yaml"
        document = read_document(Path(f"Pulumi.{stack}.yaml"))
        file.write_text(yaml.safe_dump(withhold_configuration(document)), encoding="utf-8")
        _progress.print(f"previewing {stack}, values withheld …")
        form = ["--json"] if as_json else ["--diff"]
        result = run_engine(["preview", "--stack", stack, "--config-file", str(file), *form], environment=environment)
    if result.returncode != 0 and "no stack named" in result.stderr:
        raise ReleaseError(
            f"The backend of previews holds no copy of the state of stack {stack}, so there is nothing to go by."
            f" Remedy: `python -m ops share-state --stack {stack}`, as each release does at its end, with the same"
            " PREVIEW_BACKEND_URL."
        )
    sys.stdout.write(result.stdout)
    sys.stderr.write(result.stderr)
    if result.returncode != 0:
        raise typer.Exit(1)


def withhold_configuration(document: dict[str, Any]) -> dict[str, Any]:
    """Give a stack file without its encryption and what is encrypted by it."""
    kept = {key: value for key, value in document.items() if key not in _OF_AN_ENCRYPTION}
    config = {
        key: value
        for key, value in (document.get("config") or {}).items()
        if not (isinstance(value, dict) and set(value) == {"secure"})
    }
    return kept | {"encryptionsalt": PUBLIC_ENCRYPTION_SALT, "config": config}
