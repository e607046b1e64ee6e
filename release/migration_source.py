"""The migrations in the work tree."""

import codecs
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from release.error import ReleaseError

MIGRATION_FOLDER = "supabase/migrations"
UNDO_FOLDER = "supabase/rollbacks"
NAME = re.compile(r"[a-z0-9_]+")
# The CLI silently skips other names, and takes versions of any length; `supabase migration new` writes 14 digits.
_FILE = re.compile(rf"(?P<version>[0-9]{{14}})_(?P<name>{NAME.pattern})\.sql")


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One migration file.

    Attributes:
        version: 14 digits, UTC, year to second.
        name: what it does, in words joined by underscores.
        digest: SHA-256 of the file, hexadecimal.
    """

    version: str
    name: str
    digest: str

    @property
    def file_name(self) -> str:
        """Give the file's name in supabase/migrations."""
        return f"{self.version}_{self.name}.sql"


def read_migrations(backend: Path) -> tuple[Migration, ...]:
    """Read the migrations in the order in which they apply.

    Raises:
        ReleaseError: a file that the CLI would skip without a word, or a version that two files have.
    """
    folder = backend / MIGRATION_FOLDER
    migrations: dict[str, Migration] = {}
    problems = []
    for path in sorted(folder.glob("*.sql"), key=os.fsencode):
        parts = split_name(path.name)
        if not parts:
            shown = os.fsencode(path.name).decode(errors="backslashreplace")
            problems.append(f"{shown}: not named <14 digits>_<name>.sql (small letters, digits, _)")
            continue
        version, name = parts
        if version in migrations:
            problems.append(f"{path.name}: the version is also that of {migrations[version].file_name}")
            continue
        if problem := _find_problem(path, backend):
            problems.append(f"{path.name}: can't be read ({problem})")
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        migrations[version] = Migration(version=version, name=name, digest=digest)
    if problems:
        raise ReleaseError(
            "These migrations would be skipped or applied in doubt, so nothing is released:\n  "
            + "\n  ".join(problems)
            + "\nRemedy: rename them, or make them readable."
        )
    return tuple(migrations.values())


def _find_problem(path: Path, backend: Path) -> str | None:
    """Tell why a file can't be read, or must not be: what a link leads to outside of the backend is no part of it."""
    try:
        if not path.is_file():
            return "it is no file"
        if not path.resolve().is_relative_to(backend.resolve()):
            return "it is a link to outside of the backend"
        with path.open("rb"):
            return None
    except OSError as error:
        return error.strerror


def split_name(file_name: str) -> tuple[str, str] | None:
    """Give version and name of a file named as a migration has to be; None for any other."""
    match = _FILE.fullmatch(file_name)
    return (match["version"], match["name"]) if match else None


def read_text(backend: Path, migration: Migration) -> str:
    """Read a migration's text; bytes that are no text are replaced, see `find_byte_refusals`."""
    return migration_path(backend, migration.file_name).read_text(encoding="utf-8", errors="replace")


def migration_path(backend: Path, file_name: str) -> Path:
    """Give the place of a migration."""
    return backend / MIGRATION_FOLDER / file_name


def undo_path(backend: Path, file_name: str) -> Path:
    """Give the place of a migration's undo, whether there is one or not."""
    return backend / UNDO_FOLDER / file_name


def find_byte_refusals(name: str, content: bytes) -> list[str]:
    """Give why bytes are no SQL text that every tool reads alike; none where they are.

    Args:
        name: the file's, for the sentences.
        content: the file's.
    """
    if content.startswith(codecs.BOM_UTF8):
        return [f"{name} begins with a byte order mark, which PostgreSQL takes for SQL. Remedy: save it without"]
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [f"{name}:{line}: is not UTF-8 ({error.reason}). Remedy: save the file as UTF-8"]
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        return [f"{name}:{line}: holds a NUL, which no text of PostgreSQL can. Remedy: take it out"]
    return []
