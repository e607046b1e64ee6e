"""Keeps in the project's own database what a rollback needs: the files of each release, by their digest."""

import gzip
import io
import tarfile
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from release.database import Connection
from release.error import ReleaseError


def pack(directory: Path, files: Iterable[str]) -> bytes:
    """Pack files into a tar archive, gzipped; the same files give the same bytes.

    Args:
        directory: the folder that the names are relative to.
        files: what to pack.
    """
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as tar,
    ):
        for name in sorted(files):
            content = (directory / name).read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def find_missing(connection: Connection, digests: Collection[str]) -> set[str]:
    """Give those digests that the archive has nothing for."""
    rows = connection.execute("select digest from release.archive where digest = any(%s)", [list(digests)]).fetchall()
    return set(digests) - {str(row["digest"]) for row in rows}


def keep(connection: Connection, digest: str, part: str, content: bytes) -> None:
    """Put something into the archive; what is there under this digest stays as it is."""
    connection.execute(
        "insert into release.archive (digest, part, content) values (%s, %s, %s) on conflict (digest) do nothing",
        [digest, part, content],
    )


def fetch(connection: Connection, digest: str) -> bytes:
    """Give what the archive has for a digest.

    Raises:
        ReleaseError: it has nothing.
    """
    row = connection.execute("select content from release.archive where digest = %s", [digest]).fetchone()
    if row is None:
        raise ReleaseError(
            f"The archive of this project has nothing under {digest[:12]}, so that can't be restored from here."
            " Remedy: check out the commit that `python -m ops history` names, and `pulumi up`."
        )
    return bytes(row["content"])


@contextmanager
def unpacked(content: bytes) -> Iterator[Path]:
    """Give a throw-away folder with the files that `pack` had packed."""
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        folder = Path(name).resolve()
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
            tar.extractall(folder, filter="data")
        yield folder


def prune(connection: Connection, *, records: int) -> None:
    """Drop what none of the newest successful releases refers to; bodies that were put live by hand stay.

    Args:
        connection: inside the transaction that adds a record.
        records: how many releases stay restorable.
    """
    connection.execute(
        """
        with kept as (
          select functions, undo, smoke from release.records where kind <> 'failed' order by id desc limit %s
        )
        delete from release.archive where part not like 'live:%%' and digest not in (
          select value from kept, jsonb_each_text(functions)
          union select value from kept, jsonb_each_text(undo)
          union select smoke from kept where smoke is not null
        )
        """,
        [records],
    )
