"""What needs no credential gets none, whatever the credential's name."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from release import deno, migration_check, migration_proof
from release.deno import run_deno
from release.migration_check import lint
from release.migration_source import Migration

KEPT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nowhere",
    "DENO_DIR": "/deno",
    "HTTPS_PROXY": "http://proxy",
    "TEST_URL": "x",
}
WITHHELD = (
    "SUPABASE_ACCESS_TOKEN", "SUPABASE_READ_TOKEN_STAGING", "SUPABASE_DB_PASSWORD", "GITHUB_TOKEN", "GH_TOKEN",
    "REPOSITORY_READ_TOKEN", "REPOSITORY_ADMINISTRATION_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN",
    "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "ANTHROPIC_API_KEY", "TEAM",
)  # fmt: skip
MIGRATION = Migration(version="20260101000000", name="first", digest="0" * 64)


def proof(_: Path) -> object:
    return migration_proof._ask("anything")  # noqa: SLF001 - runs what no other function runs alone


@pytest.mark.parametrize(
    "start",
    [
        lambda folder: run_deno(folder, ["test"]),
        lambda folder: lint(folder, [MIGRATION], folder / "program", []),
        proof,
    ],
)
def test_a_child_sees_what_it_finds_its_way_by(
    start: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, seen = tmp_path / "program", tmp_path / "seen"
    program.write_text(f"#!/bin/sh\nenv > {seen}\necho '[]'\n", encoding="utf-8")
    program.chmod(0o755)
    for room in (deno, migration_check):
        monkeypatch.setattr(room, "find_tool", lambda _: program)
    monkeypatch.setattr(sys, "executable", str(program))
    for name in WITHHELD:
        monkeypatch.setenv(name, "not-for-children")
    for name, value in KEPT.items():
        monkeypatch.setenv(name, value)
    start(tmp_path)
    told = seen.read_text(encoding="utf-8")
    assert "not-for-children" not in told
    assert [name for name, value in KEPT.items() if f"{name}={value}\n" not in told] == []
