"""The refresh itself: production's rows, anonymised, in place of staging's."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import psycopg

from ops.anonymise.catalogue import read_catalogue
from ops.anonymise.plan import RefreshPlan, make_plan
from ops.anonymise.pseudonyms import Pseudonyms
from ops.anonymise.reader_role import Reading, prepare, reading
from ops.anonymise.replacement import Replacement
from ops.anonymise.rules import Rules
from ops.anonymise.sample import Sample
from ops.anonymise.scan import Leak, Scan
from ops.anonymise.share import Share, bytes_beside
from ops.anonymise.source import Source
from ops.anonymise.table_copy import TableCopy, rows_of, write_rows
from release import lease
from release.database import Connection, connect
from release.error import ReleaseError
from release.session import Session

_TELL_EVERY = 5000  # rows


class Progress(Protocol):
    """Is told how far the refresh is."""

    def copying(self, table: str, rows: int, bytes_: int, *, done: bool) -> None:
        """Take the rows and bytes of a table that staging has been given so far."""

    def scanning(self, table: str) -> None:
        """Take the table of staging that is searched now."""


@dataclass(frozen=True, kw_only=True)
class CopiedTable:
    """What staging got of one table; `part` says in words which rows."""

    table: str
    rows: int
    bytes: int
    part: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a refresh came to.

    Attributes:
        tables: what was copied.
        emptied: further tables whose rows named rows that went.
        leaks: what the scan found; then nothing was changed.
        seconds: from the first row to the end.
    """

    tables: tuple[CopiedTable, ...]
    emptied: tuple[str, ...]
    leaks: tuple[Leak, ...]
    seconds: float


class _LeakedError(Exception):
    """Undoes the transaction."""

    def __init__(self, leaks: Sequence[Leak]) -> None:
        super().__init__()
        self.leaks = tuple(leaks)


def refresh(source: Source, staging: Session, rules: Rules, *, file: str, share: Share, progress: Progress) -> Outcome:
    """Replace staging's rows by production's, or change nothing.

    Args:
        source: production, which is only read.
        staging: the open release of staging.
        rules: what is copied and how.
        file: where they stand, for the text.
        share: how much is taken.
        progress: is told how far this is.

    Raises:
        ReleaseError: it could not be done; staging is as it was.
    """
    target = read_catalogue(staging.connection)
    plan = make_plan(rules, read_catalogue(source.connection), target, file)
    pseudonyms = Pseudonyms()
    copies = [TableCopy(table, plan.rules[table.name], pseudonyms) for table in plan.tables]
    begin = time.monotonic()
    columns = [(copy.table, copy.read) for copy in copies]
    with (
        _named_errors(),
        reading(source.connection, source.address, source.password, columns) as opened,
        connect(staging.address, staging.password) as connection,
    ):
        prepare(connection)
        beside = bytes_beside(connection, target)
        _choose_parts(plan, opened, copies, rules, share.of(opened, plan, beside))
        try:
            with connection.transaction():
                replacement = Replacement(connection, plan)
                replacement.empty()
                tables = tuple(_copy(connection, opened, copy, progress) for copy in copies)
                replacement.finish()
                share.check(replacement.bytes_of(sorted(target.tables)), beside)
                _stop_at(Scan(opened, copies, connection, list(target.tables.values())).run(progress.scanning))
                lease.check(connection, staging.holder)
        except _LeakedError as leaked:
            return Outcome(tables=(), emptied=(), leaks=leaked.leaks, seconds=time.monotonic() - begin)
    return Outcome(tables=tables, emptied=plan.emptied, leaks=(), seconds=time.monotonic() - begin)


def _choose_parts(plan: RefreshPlan, opened: Reading, copies: Sequence[TableCopy], rules: Rules, share: float) -> None:
    if share >= 1:
        return
    readable = {copy.table.name: copy.read for copy in copies}
    sample = Sample(plan, opened.relations, share=share, whole=rules.whole, readable=readable)
    parts = sample.parts(opened.connection)
    for copy in copies:
        copy.part = parts[copy.table.name]


def _copy(connection: Connection, opened: Reading, copy: TableCopy, progress: Progress) -> CopiedTable:
    name = copy.table.name
    counted = _Counted(copy, progress)
    lines = counted.lines(rows_of(opened.connection, opened.relations[name], copy.expressions, copy.part))
    written = write_rows(connection, copy.table, copy.written, lines)
    progress.copying(name, counted.rows, written, done=True)
    return CopiedTable(table=name, rows=counted.rows, bytes=written, part=copy.part.names)


def _stop_at(leaks: Sequence[Leak]) -> None:
    if leaks:
        raise _LeakedError(leaks)


class _Counted:
    """Lines of production on their way to staging."""

    def __init__(self, copy: TableCopy, progress: Progress) -> None:
        self.rows = 0
        self._name = copy.table.name
        self._replace: Callable[[bytes], bytes] = copy.replacing()
        self._progress = progress

    def lines(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        replace, bytes_ = self._replace, 0
        for line in lines:
            replaced = replace(line)
            self.rows += 1
            bytes_ += len(replaced)
            if self.rows % _TELL_EVERY == 0:
                self._progress.copying(self._name, self.rows, bytes_, done=False)
            yield replaced


@contextmanager
def _named_errors() -> Iterator[None]:
    """Say what a database refused, by names: its own text may hold a value."""
    try:
        yield
    except psycopg.Error as error:
        named = [
            f"{what} {name}"
            for what, name in (
                ("table", error.diag.table_name), ("column", error.diag.column_name),
                ("constraint", error.diag.constraint_name),
            )
            if name
        ]  # fmt: skip
        kind = type(error).__name__
        raise ReleaseError(
            f"A database refused a step of the refresh: {kind}{f' ({error.sqlstate})' if error.sqlstate else ''}"
            f"{', ' + ', '.join(named) if named else ''}. Its text is left out, as it may hold a value. Staging is as"
            " it was. Remedy: where a constraint is named, another rule for its columns; else run this again."
        ) from None
