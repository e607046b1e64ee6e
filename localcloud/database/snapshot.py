"""Copies of a running server's data folder, by PostgreSQL's own protocol of online backups."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

_WAL = "pg_wal"
# Of one run of a server, or made anew by it.
_LEFT_OUT = frozenset(
    {
        "postmaster.pid",
        "postmaster.opts",
        "pg_replslot",
        "pg_stat_tmp",
        "pg_notify",
        "pg_snapshots",
        "pg_subtrans",
    }
)


async def copy_online(connection: AsyncConnection[TupleRow], data: Path, target: Path) -> None:
    """Copy a data folder while its server works; a server that starts on the copy is where this one was at the end.

    Args:
        connection: a session of a superuser, used for nothing else meanwhile.
        data: the folder.
        target: an empty folder.
    """
    # The slot keeps the write-ahead log from being removed under the copy; it goes with the session.
    await connection.execute("select pg_create_physical_replication_slot('localcloud_copy', true, true)")
    await connection.execute("select pg_backup_start('localcloud', true)")
    await asyncio.to_thread(_copy, data, target, _LEFT_OUT | {_WAL})
    stopped = await connection.execute("select labelfile from pg_backup_stop(false)")
    label = await stopped.fetchone()
    await connection.execute("select pg_drop_replication_slot('localcloud_copy')")
    assert label is not None  # noqa: S101 - the function gives one row
    await asyncio.to_thread(_copy, data / _WAL, target / _WAL, frozenset())
    (target / "backup_label").write_text(label[0], encoding="utf-8")
    _own_as(data, target / "backup_label")


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder that nobody writes to, owners included."""
    _copy(source, target, frozenset())


def _copy(source: Path, target: Path, left_out: frozenset[str]) -> None:
    target.mkdir(exist_ok=True, mode=0o700)
    _own_as(source, target)
    for entry in _entries(source):
        copied = target / entry.name
        if entry.name in left_out or entry.name.startswith("pgsql_tmp"):
            if entry.is_dir():
                copied.mkdir(mode=0o700)
                _own_as(source, copied)
        elif entry.is_dir():
            _copy(Path(entry.path), copied, frozenset())
        else:
            # A table that is dropped meanwhile takes its file along; the log says so to whoever starts on the copy.
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(entry.path, copied)
                _own_as(Path(entry.path), copied)


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        yield from entries


def _own_as(source: Path, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        facts = source.stat()
        os.chown(target, facts.st_uid, facts.st_gid)
