"""The migrations in the work tree."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from release.error import ReleaseError

UNDO_FOLDER = "supabase/rollbacks"
# The CLI silently skips other names, and takes versions of any length; `supabase migration new` writes 14 digits.
_FILE = re.compile(r"(?P<version>\d{14})_(?P<name>[a-z0-9_]+)\.sql")


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
    folder = backend / "supabase" / "migrations"
    migrations: dict[str, Migration] = {}
    problems = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if not match:
            problems.append(f"{path.name}: not named <14 digits>_<name>.sql (small letters, digits, _)")
            continue
        version = match["version"]
        if version in migrations:
            problems.append(f"{path.name}: the version is also that of {migrations[version].file_name}")
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        migrations[version] = Migration(version=version, name=match["name"], digest=digest)
    if problems:
        raise ReleaseError(
            "These migrations would be skipped or applied in doubt, so nothing is released:\n  "
            + "\n  ".join(problems)
            + "\nRemedy: rename them."
        )
    return tuple(migrations.values())
