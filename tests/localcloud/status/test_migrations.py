import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from localcloud.database.installation import DatabaseError
from localcloud.status.migrations import Ledger, Ledgers, compare, files


def test_only_file_names_that_are_migrations_count(tmp_path: Path) -> None:
    folder = tmp_path / "supabase" / "migrations"
    folder.mkdir(parents=True)
    for name in ("2_b.sql", "1_a_b.sql", "README.md", "draft.sql"):
        (folder / name).touch()
    assert list(files(tmp_path).items()) == [("1", "a_b"), ("2", "b")]
    assert files(tmp_path / "nowhere") == {}


def test_without_a_ledger_nothing_is_said_to_be_pending() -> None:
    assert [entry["state"] for entry in compare(Ledger("asleep"), {"1": "a"})] == ["unknown"]


def test_without_a_folder_nothing_is_said_to_be_missing() -> None:
    assert [entry["state"] for entry in compare(Ledger("running", {"1": "a"}), None)] == ["applied"]


@pytest.mark.parametrize("error", [psycopg.OperationalError(), DatabaseError(), OSError(), TimeoutError()])
def test_a_database_that_does_not_answer_is_told_and_not_asked_at_once_again(error: Exception) -> None:
    calls = []

    async def connect(ref: str) -> None:
        calls.append(ref)
        raise error

    async def look() -> list[Ledger]:
        ledgers = Ledgers(connect)
        return [await ledgers.read("ref"), await ledgers.read("ref")]

    # In a thread of its own: `asyncio.run` would take away the main one's loop, which other tests need.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, look()).result() == [Ledger("silent")] * 2
    assert calls == ["ref"]
