"""A production and a staging on one local cloud, as their stacks name them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg.rows import DictRow

from ops.stack_target import read_stack
from release.database import Connection
from release.session import open_session
from tests.conftest import ROOT, LocalCloudUnderTest

LEDGER = (
    "create schema if not exists supabase_migrations;"
    " create table if not exists supabase_migrations.schema_migrations"
    " (version text primary key, statements text[], name text)"
)


@dataclass
class Pair:
    """Two projects, the folder in which the command runs, and its environment."""

    folder: Path
    environment: dict[str, str]
    connections: dict[str, Connection] = field(default_factory=dict)

    @property
    def production(self) -> Connection:
        return self.connections["production"]

    @property
    def staging(self) -> Connection:
        return self.connections["staging"]

    def rules(self) -> dict[str, Any]:
        document: dict[str, Any] = yaml.safe_load((ROOT / "backend/anonymise.yaml").read_text(encoding="utf-8"))
        return document

    def write_rules(self, rules: dict[str, Any]) -> None:
        text = yaml.safe_dump(rules)
        (self.folder / "backend/anonymise.yaml").write_text(text, encoding="utf-8")

    def both(self, statements: str) -> None:
        for connection in self.connections.values():
            connection.execute(statements.encode())

    def rows(self, connection: Connection, query: str) -> list[DictRow]:
        return connection.execute(query.encode()).fetchall()

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "ops", "refresh-staging", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def refresh(self, *arguments: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
        process = self.start("--yes", *arguments)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, out + err
        assert "Traceback" not in err
        return subprocess.CompletedProcess(process.args, code, out, err)

    def report(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.refresh("--json", *arguments, code=code).stdout)
        return document

    def everything(self, connection: Connection, *, without: str = "release.lease") -> str:
        """Give every value of a database as one text, the schemas of the platform and of releases included."""
        tables = self.rows(
            connection,
            "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n"
            " on n.oid = c.relnamespace where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog',"
            " 'information_schema') and n.nspname not like 'pg_toast%' order by 1",
        )
        return "\n".join(
            f"{table['name']} {row['line']}"
            for table in tables
            if table["name"] != without
            for row in self.rows(connection, f"select to_jsonb(t)::text as line from {table['name']} t order by 1")  # noqa: S608
        )


@pytest.fixture(scope="module")
def pair(file_cloud: LocalCloudUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Give both projects as after a release of all migrations; staging has a user of its own."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml"):
        shutil.copy(ROOT / name, folder)
    (folder / "backend").mkdir()
    pair = Pair(folder, file_cloud.environment)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in file_cloud.environment.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        organization = yaml.safe_load((ROOT / "Pulumi.staging.yaml").read_text(encoding="utf-8"))["config"]
        supabase = next(value for key, value in organization.items() if key.endswith(":supabase"))
        name, owner = supabase["project"]["name"], supabase["organization"]
        file_cloud.create_project(name, owner)
        files = sorted((ROOT / "backend/supabase/migrations").glob("*.sql"))
        with _open("production", adopt=True) as production, _open("staging", adopt=True) as staging:
            pair.connections = {"production": production.connection, "staging": staging.connection}
            for session in (production, staging):
                session.free_lease()
            for connection in pair.connections.values():
                _migrate(connection, files)
            yield pair


def _open(stack: str, *, adopt: bool) -> Any:
    _, target = read_stack(stack)
    return open_session(target, adopt=adopt)


def _migrate(connection: Connection, files: list[Path]) -> None:
    connection.execute(LEDGER)
    applied = {
        row["version"] for row in connection.execute("select version from supabase_migrations.schema_migrations")
    }
    for path in files:
        version, _, name = path.stem.partition("_")
        if version not in applied:
            connection.execute(path.read_bytes())
            connection.execute(
                "insert into supabase_migrations.schema_migrations (version, name) values (%s, %s)", [version, name]
            )
