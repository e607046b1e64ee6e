"""Shows what somebody had put live by hand before a release went over it, and gives it back."""

import base64
import json
import re
import sys
from email import message_from_bytes
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ops.release_log import read_log
from ops.stack_target import read_stack
from release.credentials import read_credential
from release.error import ReleaseError
from release.management_api import ManagementApi

_LIST = (
    "select digest, substr(part, 6) as slug, length(content) as bytes,"
    " to_char(archived_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as at"
    " from release.archive where part like 'live:%' order by archived_at desc"
)
_FETCH = "select encode(content, 'base64') as text from release.archive where digest = 'DIGEST'"


def bodies(
    stack: Annotated[str, typer.Option(help="The stack whose archive is meant.")],
    *,
    extract: Annotated[str, typer.Option(help="Digest, or how it begins, of the body to write out.")] = "",
    to: Annotated[Path | None, typer.Option(help="Folder to write it to; it must not exist.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List function bodies that no release had put live, kept when one went over them; write one out as files."""
    _, target = read_stack(stack)
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", stack)) as api:
        read_log(api, target)
        kept = api.query(_LIST)
        if not extract:
            _show(stack, kept, as_json=as_json)
            return
        if to is None or to.exists():
            raise ReleaseError(
                "The body needs a folder of its own to be written to. Nothing was written. Remedy: --to with the name"
                " of a folder that does not exist."
            )
        found = [entry["digest"] for entry in kept if str(entry["digest"]).startswith(extract)]
        if len(found) != 1 or not re.fullmatch(r"[0-9a-f]+", extract):
            raise ReleaseError(
                f"{len(found) or 'No'} kept bodies begin with {extract}. Nothing was written. Remedy: python -m ops"
                f" bodies --stack {stack} lists them."
            )
        (content,) = api.query(_FETCH.replace("DIGEST", found[0]))
    written = write_body(to, base64.b64decode(content["text"]))
    if as_json:
        sys.stdout.write(json.dumps({"digest": found[0], "files": written}) + "\n")
    else:
        Console(highlight=False, soft_wrap=True).print(f"{len(written)} files in {to}", markup=False)


def _show(stack: str, kept: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(kept) + "\n")
        return
    table = Table(title=f"Kept in {stack}: live once, of no release", title_justify="left", box=SIMPLE)
    for heading in ("function", "kept (UTC)", "bytes", "digest"):
        table.add_column(heading, no_wrap=True)
    for entry in kept:
        table.add_row(entry["slug"], entry["at"], str(entry["bytes"]), entry["digest"][:12])
    Console(highlight=False).print(table)


def write_body(folder: Path, body: bytes) -> list[str]:
    """Write the parts of a body below a folder; a name that leads out of it is cut to its last part."""
    written = []
    for part in message_from_bytes(body).walk():
        name = part["Supabase-Path"] or part.get_filename()
        if part.is_multipart() or not name:
            continue
        relative = PurePosixPath(str(name))
        if relative.is_absolute() or ".." in relative.parts:
            relative = PurePosixPath(relative.name)
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        content = part.get_payload(decode=True)
        path.write_bytes(content if isinstance(content, bytes) else b"")
        written.append(relative.as_posix())
    if not written:
        raise ReleaseError(
            "The kept body holds no files in a form that is known. Nothing was written. Remedy: read it with SQL, from"
            " release.archive."
        )
    return written
