"""The migrations in the work tree against those that the local database has had."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from localcloud.dev.sql_file import SqlFile, content

_FILE = re.compile(r"(?P<version>\d+)_(?P<name>.*)\.sql")
_LEDGER = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations
  (version text not null primary key, statements text[], name text);
create table if not exists supabase_migrations.seed_files (path text not null primary key, hash text not null);
"""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """A migration file that holds statements."""

    version: str
    name: str
    file: SqlFile

    async def apply(self, connection: AsyncConnection[TupleRow]) -> None:
        """Run it and record it, as the Supabase CLI would.

        Raises:
            SqlFileError: the database refused a statement; nothing of the file stays.
        """
        texts = [statement.text for statement in self.file.statements()]
        note = "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)"
        await self.file.run(connection, (note, [self.version, self.name, texts]))


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A migration that the database has had."""

    version: str
    name: str
    sql: str


@dataclass(frozen=True, kw_only=True)
class MigrationFiles:
    """What the folder holds.

    Attributes:
        migrations: in the order in which they apply.
        left_out: a sentence for each file that is not one of them.
    """

    migrations: Sequence[Migration]
    left_out: Sequence[str]

    @classmethod
    def read(cls, folder: Path) -> "MigrationFiles":
        """Read the folder; one that is not there holds nothing."""
        found: dict[str, Migration] = {}
        left_out = []
        for path in sorted(folder.glob("*.sql"), key=lambda path: (path.name.partition("_")[0], path.name)):
            match = _FILE.fullmatch(path.name)
            file = SqlFile.read(path)
            if match is None:
                left_out.append(f"{path.name} is left out: its name is not <version>_<name>.sql")
            elif file.is_empty:
                left_out.append(f"{path.name} holds no statement yet")
            elif match["version"] in found:
                other = found[match["version"]].file.path.name
                left_out.append(f"{path.name} is left out: its version is also that of {other}")
            else:
                found[match["version"]] = Migration(version=match["version"], name=match["name"], file=file)
        return cls(migrations=list(found.values()), left_out=left_out)

    def obstacle(self, ledger: Sequence[Applied]) -> str | None:
        """Say why the database can't get what is missing on top of what it has; None where it can.

        A difference in comments or blanks is none.
        """
        files = {migration.version: migration for migration in self.migrations}
        for applied in ledger:
            name = f"{applied.version}_{applied.name}.sql"
            migration = files.get(applied.version)
            if migration is None:
                return f"{name} is applied, and deleted, renamed or empty now"
            if migration.name != applied.name:
                return f"{name} is applied, and renamed to {migration.file.path.name}"
            if content(migration.file.sql) != content(applied.sql):
                return f"{name} is applied, and was edited"
        newest = max((applied.version for applied in ledger), default="")
        late = next((m for m in self.pending(ledger) if m.version < newest), None)
        return f"{late.file.path.name} comes before {newest}, which is applied" if late else None

    def pending(self, ledger: Sequence[Applied]) -> list[Migration]:
        """Give those that the database has not had."""
        versions = {applied.version for applied in ledger}
        return [migration for migration in self.migrations if migration.version not in versions]


async def read_ledger(connection: AsyncConnection[TupleRow]) -> list[Applied]:
    """Give what the database has had, in order; the ledger is made where it is missing."""
    await connection.execute(_LEDGER.encode())
    cursor = await connection.execute(
        "select version, coalesce(name, ''), coalesce(statements, '{}')"
        " from supabase_migrations.schema_migrations order by version"
    )
    return [
        Applied(version=version, name=name, sql=";\n".join(statements))
        for version, name, statements in await cursor.fetchall()
    ]
