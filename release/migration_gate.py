"""What has to be true of the migrations before anything is touched."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pglast import parser

from release.backend_source import BackendSource
from release.error import ReleaseError
from release.live_state import AppliedMigration
from release.migration_check import check_files
from release.migration_source import Migration, read_text, undo_path

# What PostgreSQL's scanner calls the tokens that change nothing.
_NO_CONTENT = frozenset({"SQL_COMMENT", "C_COMMENT", "ASCII_59"})
# The CLI drops semicolons and blank lines when it notes statements in the ledger.
_IGNORED = str.maketrans("", "", " \t\r\n\f\v;")


@dataclass(frozen=True, kw_only=True)
class MigrationGate:
    """The migrations of a backend against the ledger of a project.

    Attributes:
        backend: the sources.
        ledger: what is applied.
        elsewhere: versions that another stack already has: they may come late, as a hotfix on its way back does.
    """

    backend: BackendSource
    ledger: Sequence[AppliedMigration]
    elsewhere: frozenset[str] = frozenset()

    def late(self) -> tuple[str, ...]:
        """Name the pending files that are older than the newest applied one, and that another stack already has."""
        return tuple(migration.file_name for migration in self._behind_newest() if migration.version in self.elsewhere)

    def suspects(self) -> tuple[str, ...]:
        """Name the applied versions whose files are not what the ledger noted, blanks and semicolons apart.

        Only for these the ledger's statements have to be fetched; a differing comment is no edit.
        """
        files = {migration.version: migration for migration in self.backend.migrations}
        return tuple(
            applied.version
            for applied in self.ledger
            if applied.version in files
            and applied.digest is not None
            and applied.digest != _digest(self._text(files[applied.version]))
        )

    def check(self, statements: Mapping[str, str]) -> None:
        """Refuse what could not be released as it was reviewed.

        Args:
            statements: the ledger's text for each of `suspects`.

        Raises:
            ReleaseError: one text with every refusal: file, reason, remedy.
        """
        refusals = [*self._broken_history(statements), *self._out_of_order()]
        pending = self._pending()
        refusals += [
            f"{migration.file_name} has no undo. Remedy: write supabase/rollbacks/{migration.file_name}"
            for migration in pending
            if not undo_path(self.backend.directory, migration.file_name).is_file()
        ]
        refusals += check_files(self.backend.directory, pending)
        if refusals:
            raise ReleaseError("These migrations can't be released:\n  " + "\n  ".join(refusals))

    def _pending(self) -> list[Migration]:
        applied = {migration.version for migration in self.ledger}
        return [migration for migration in self.backend.migrations if migration.version not in applied]

    def _broken_history(self, statements: Mapping[str, str]) -> Iterable[str]:
        files = {migration.version: migration for migration in self.backend.migrations}
        for applied in self.ledger:
            migration = files.get(applied.version)
            if migration is None:
                yield (
                    f"{applied.version}_{applied.name or '…'}.sql is applied, and gone from the work tree."
                    " Remedy: restore the file; undo what it did in a new migration"
                )
                continue
            if applied.name is not None and applied.name != migration.name:
                yield (
                    f"{migration.file_name} is applied under the name {applied.name}."
                    f" Remedy: name it {applied.version}_{applied.name}.sql again"
                )
            text = statements.get(applied.version)
            if text is not None and _content(text) != _content(self._text(migration)):
                difference = _difference(text, self._text(migration))
                yield (
                    f"{migration.file_name} is applied, and was edited since: {difference}."
                    " An edit of an applied file is never run. Remedy: restore it; make the change in a new migration"
                )

    def _out_of_order(self) -> Iterable[str]:
        for migration in self._behind_newest():
            if migration.version not in self.elsewhere:
                yield (
                    f"{migration.file_name} is older than {self._newest()}, which is applied."
                    f" Remedy: python -m ops migration renumber {migration.file_name}"
                )

    def _behind_newest(self) -> list[Migration]:
        return [migration for migration in self._pending() if migration.version < self._newest()]

    def _newest(self) -> str:
        return max((applied.version for applied in self.ledger), default="")

    def _text(self, migration: Migration) -> str:
        return read_text(self.backend.directory, migration)


def _digest(text: str) -> str:
    return hashlib.md5(text.translate(_IGNORED).encode(), usedforsecurity=False).hexdigest()


def _content(text: str) -> list[str]:
    """Give the tokens of SQL that mean something."""
    try:
        tokens = parser.scan(text)
    except parser.ParseError:
        return [text.translate(_IGNORED)]
    return [text[token.start : token.end + 1] for token in tokens if token.name not in _NO_CONTENT]


def _difference(ledger: str, file: str) -> str:
    before, after = _content(ledger), _content(file)
    index = next(
        (i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), min(len(before), len(after))
    )
    shown = [" ".join(tokens[max(0, index - 2) : index + 4]) or "nothing" for tokens in (before, after)]
    return f"the database has “{shown[0]}”, the file “{shown[1]}”"
