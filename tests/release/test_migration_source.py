from pathlib import Path

import pytest

from release.error import ReleaseError
from release.migration_source import read_migrations


def test_migrations_come_in_the_order_in_which_they_apply(backend: Path) -> None:
    assert [migration.file_name for migration in read_migrations(backend)] == [
        "20260101000000_first.sql",
        "20260102000000_second.sql",
    ]


@pytest.mark.parametrize("name", ["third.sql", "2026_third.sql", "20260103000000.sql", "20260103000000_Third.sql"])
def test_a_name_that_the_cli_would_skip_is_refused(backend: Path, name: str) -> None:
    (backend / "supabase/migrations" / name).write_text("select 1;", encoding="utf-8")
    with pytest.raises(ReleaseError, match=name):
        read_migrations(backend)


def test_two_files_of_one_version_are_refused_by_both_names(backend: Path) -> None:
    (backend / "supabase/migrations/20260102000000_twin.sql").write_text("select 1;", encoding="utf-8")
    with pytest.raises(ReleaseError, match=r"20260102000000_twin.sql: the version is also that of 20260102000000_sec"):
        read_migrations(backend)
