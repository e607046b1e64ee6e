from pathlib import Path

import pytest

from release import migration_proof
from release.backend_source import read_backend
from release.error import ReleaseError
from release.migration_proof import prove_undos

FIRST, SECOND = "20260101000000_first.sql", "20260102000000_second.sql"
THIRD, FOURTH = "20260103000000_third.sql", "20260104000000_fourth.sql"


def write(backend: Path, name: str, up: str | None, down: str | None) -> None:
    for folder, text in (("migrations", up), ("rollbacks", down)):
        if text is not None:
            path = backend / "supabase" / folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Give which migrations are proven by each run on a database."""
    seen: list[list[str]] = []
    real = migration_proof.run_on_scratch

    def spy(directory: Path, wanted: list[str]) -> migration_proof.Report:
        seen.append(wanted)
        return real(directory, wanted)

    monkeypatch.setattr(migration_proof, "run_on_scratch", spy)
    return seen


def test_only_what_changed_is_proven_and_a_failure_names_what_differs(backend: Path, runs: list[list[str]]) -> None:
    write(backend, FIRST, None, "drop table a;")
    write(backend, SECOND, None, "drop table b;")
    write(
        backend, THIRD, "-- alone\ncreate index concurrently if not exists i on public.a (id);",
        "drop index concurrently if exists public.i;",
    )  # fmt: skip
    write(
        backend,
        FOURTH,
        "create view public.v as select 1 as one; alter table a enable row level security;",
        "drop view v;",
    )
    with pytest.raises(ReleaseError) as caught:
        prove_undos(read_backend(backend))
    text = str(caught.value)
    assert f"rollbacks/{FOURTH} does not undo {FOURTH}" in text
    assert "tables public.a: " in text
    assert "r f f postgres" in text
    assert "r t f postgres" in text
    assert "public.v" not in text
    write(backend, FOURTH, None, "drop view v; alter table a disable row level security;")
    assert prove_undos(read_backend(backend)) == 1
    assert prove_undos(read_backend(backend)) == 0
    assert runs == [[FIRST, SECOND, THIRD, FOURTH], [FOURTH]]


def test_one_without_undo_is_run_for_the_others_and_one_that_fails_is_told(backend: Path) -> None:
    write(backend, SECOND, "alter table a add column n integer; select nosuch();", "alter table a drop column n;")
    with pytest.raises(ReleaseError) as caught:
        prove_undos(read_backend(backend))
    assert f"{SECOND} does not apply after the migrations before it: function nosuch() does not" in str(caught.value)


def test_an_extension_that_is_not_installed_here_is_told_apart(backend: Path) -> None:
    write(backend, FIRST, "create extension nosuch;", "drop extension nosuch;")
    with pytest.raises(ReleaseError, match=r"extension \"nosuch\" is not available(.|\n)*LOCALCLOUD_POSTGRES"):
        prove_undos(read_backend(backend))


def test_backends_without_undo_need_no_database(backend: Path, runs: list[list[str]]) -> None:
    assert prove_undos(read_backend(backend)) == 0
    assert runs == []


def test_without_postgres_it_says_what_is_needed(
    backend: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALCLOUD_POSTGRES", str(tmp_path / "nowhere"))
    write(backend, FIRST, None, "drop table a;")
    with pytest.raises(ReleaseError) as caught:
        prove_undos(read_backend(backend))
    assert "there is no throw-away database" in str(caught.value)
    assert "python3 -m toolchain ensure" in str(caught.value)
    assert "LOCALCLOUD_POSTGRES" in str(caught.value)
