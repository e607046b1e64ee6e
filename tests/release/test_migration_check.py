"""Whatever stands in the folder of migrations: it is accepted, or refused by one error with a text."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from release.error import ReleaseError
from release.migration_check import check_files
from release.migration_source import find_byte_refusals, read_migrations
from release.migration_waivers import find_waivers_in

NAME = "20260101000000_first.sql"
RELAXED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
# Half of it looks like SQL, so that more than the first line is reached.
SQL = st.lists(
    st.sampled_from(
        [
            "create table a (id bigint)", "select 'ä'", ";", "\r\n", "\n", " ", "$$", "'", "--", "/*", "*/", "commit",
            "-- squawk-ignore ban-drop-table", " -- why", "alter type e add value 'x'", "\ufeff", "\0", "(", ")", "é",
        ]
    )
    | st.text(max_size=8),
    max_size=12,
).map("".join)  # fmt: skip


def checked(folder: Path, content: bytes) -> list[str]:
    path = folder / "supabase" / "migrations" / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return check_files(folder, read_migrations(folder))


@RELAXED
@given(content=st.binary(max_size=60) | SQL.map(lambda text: text.encode(errors="ignore")))
def test_any_content_is_accepted_or_refused_by_name(content: bytes, tmp_path: Path) -> None:
    try:
        refusals = checked(tmp_path, content)
    except ReleaseError as error:
        refusals = [str(error)]
    assert all(NAME in refusal for refusal in refusals)


@RELAXED
@given(text=SQL)
def test_any_text_can_be_searched_for_waivers(text: str) -> None:
    assert all(waiver.line >= 1 for waiver in find_waivers_in(NAME, text.replace("\ud800", "")))


@RELAXED
@given(name=st.binary(min_size=1, max_size=40).filter(lambda name: not {0, 47} & set(name)))
def test_any_name_is_taken_or_refused_in_one_text_that_can_be_printed(name: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "supabase" / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name + b".sql"))
    path.write_text("select 1;", encoding="utf-8")
    told = ""
    try:
        taken = [migration.file_name for migration in read_migrations(tmp_path)]
    except ReleaseError as error:
        taken, told = [], str(error)
    finally:
        path.unlink()
    assert taken == [path.name] or "Remedy: rename" in told.encode().decode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xef\xbb\xbfselect 1;", "begins with a byte order mark"),
        (b"select 1;\nselect '\xff';", ":2: is not UTF-8"),
        (b"select 1;\n\nselect '\0';", ":3: holds a NUL"),
        ("select 1;".encode("utf-16"), ":1: is not UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(content: bytes, reason: str, tmp_path: Path) -> None:
    (refusal,) = checked(tmp_path, content)
    assert refusal.startswith(NAME)
    assert reason in refusal
    assert "Remedy: " in refusal


def test_carriage_returns_and_accents_are_fine(tmp_path: Path) -> None:
    content = b"-- \xc3\xa4\r\ncreate table public.a (id bigint primary key);\r\n"
    assert find_byte_refusals(NAME, content) == []
    (tmp_path / ".squawk.toml").write_text(
        'excluded_rules = ["require-lock-timeout", "require-statement-timeout", "prefer-robust-stmts"]\n', "utf-8"
    )
    assert checked(tmp_path, content) == []


def test_five_megabytes_of_rows_are_read(tmp_path: Path) -> None:
    rows = ",\n".join(f"({number}, '{'x' * 1000}')" for number in range(5000))
    content = f"insert into public.a values\n{rows};\ncommit;\n".encode()
    assert len(content) > 5_000_000
    refusals = checked(tmp_path, content)
    assert any(refusal.startswith(f"{NAME}:5002: transaction control") for refusal in refusals)


@pytest.mark.parametrize("expression", ["+".join(["1"] * 9000), f"{'(' * 20000}1{')' * 20000}"])
def test_an_expression_nested_deeper_than_any_stack_is_told(expression: str, tmp_path: Path) -> None:
    content = f"alter type e add value 'x';\nselect {expression}, 'x';".encode()
    refusals = checked(tmp_path, content)
    assert refusals
    assert all(NAME in refusal for refusal in refusals)


def test_a_folder_named_like_a_migration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "supabase" / "migrations" / NAME).mkdir(parents=True)
    with pytest.raises(ReleaseError, match=f"{NAME}: can't be read"):
        read_migrations(tmp_path)
