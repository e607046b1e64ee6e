import subprocess
import sys
from pathlib import Path

import pytest

from release.backend_source import read_backend
from release.migration_waivers import Waiver, find_waivers, find_waivers_in

RULE = "require-concurrent-index-creation"
INDEX = "create index i on a (id)"


def waiver(line: int, reason: str, statement: str = INDEX, rule: str = RULE) -> Waiver:
    return Waiver(file="f.sql", line=line, rule=rule, reason=reason, statement=statement)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (f"-- squawk-ignore {RULE} -- few rows, all ours\n{INDEX};", [waiver(1, "few rows, all ours")]),
        (f"-- why: few rows\n-- squawk-ignore {RULE}\n{INDEX};", [waiver(2, "few rows")]),
        (f"select 1; -- ä\n\n{INDEX}; -- squawk-ignore {RULE} -- few rows\nselect 2;", [waiver(3, "few rows")]),
        (f"select 1;\n/* squawk-ignore {RULE} -- few\n   rows */\n{INDEX};", [waiver(2, "few rows")]),
        (f"-- squawk-ignore-file {RULE} -- a new schema\n{INDEX};", [waiver(1, "a new schema", "the whole file")]),
        ("-- squawk-ignore-file -- old\nselect 1;", [waiver(1, "old", "the whole file", "every rule")]),
        (
            f"-- squawk-ignore {RULE}, ban-drop-table -- both\n{INDEX};",
            [waiver(1, "both"), waiver(1, "both", rule="ban-drop-table")],
        ),
        (f"-- squawk-ignore {RULE}\n{INDEX};", [waiver(1, "")]),
        (f"-- squawk-ignore {RULE} --  \n{INDEX};", [waiver(1, "")]),
        (f"-- squawk-ignore {RULE} -- nothing follows", [waiver(1, "nothing follows", "")]),
        (f"select '-- squawk-ignore {RULE}', $$\n-- squawk-ignore {RULE}\n$$;", []),
        (f'-- by "-- squawk-ignore {RULE} -- why"\n{INDEX};', []),
        ("-- squawk-ignored\nselect 1;", []),
        ("select 'open", []),
    ],
)
def test_a_waiver_is_found_with_reason_and_statement(sql: str, found: list[Waiver]) -> None:
    assert find_waivers_in("f.sql", sql) == found


@pytest.mark.parametrize(
    "comment",
    [
        f"-- squawk-ignore {RULE} -- few rows, all ours",
        f"-- why: few rows\n-- squawk-ignore {RULE}",
        f"/* squawk-ignore {RULE} -- few rows */",
        f"-- squawk-ignore-file {RULE} -- few rows",
    ],
)
def test_the_linter_takes_what_holds_a_reason(comment: str, tmp_path: Path) -> None:
    path = tmp_path / "f.sql"
    path.write_text(f"set lock_timeout = '1s';\nset statement_timeout = '9s';\n\n{comment}\n{INDEX};\n", "utf-8")
    squawk = Path(sys.executable).with_name("squawk")
    told = subprocess.run(
        [squawk, "--assume-in-transaction", path], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout


def test_a_long_statement_is_cut() -> None:
    (found,) = find_waivers_in("f.sql", f"-- squawk-ignore {RULE} -- r\nselect {', '.join(['1'] * 500)};")
    assert found.statement.endswith("1, 1…")
    assert len(found.statement) == 201


def test_all_files_are_searched_in_order(backend: Path) -> None:
    for path in (backend / "supabase/migrations").iterdir():
        path.write_text(f"-- squawk-ignore {RULE} -- {path.stem}\n{INDEX};\n", encoding="utf-8")
    source = read_backend(backend)
    assert [(found.file, found.reason) for found in find_waivers(source, source.migrations)] == [
        ("20260101000000_first.sql", "20260101000000_first"),
        ("20260102000000_second.sql", "20260102000000_second"),
    ]
