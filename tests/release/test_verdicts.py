import subprocess
import sys
from pathlib import Path

import pytest

from release import verdicts
from release.verdicts import verdict_on

ROOT = Path(__file__).parents[2]
NOTE = """
import sys
from release.verdicts import verdict_on
for number in range(50):
    verdict_on("lint", number).note_pass()
    assert verdict_on("lint", number).passed
"""


def test_only_what_was_noted_has_passed() -> None:
    verdict = verdict_on("lint", "squawk 2", ["a", 1])
    assert not verdict.passed
    verdict.note_pass()
    assert verdict_on("lint", "squawk 2", ["a", 1]).passed
    assert not verdict_on("lint", "squawk 3", ["a", 1]).passed
    assert not verdict_on("lint", "squawk 2", ["a", 2]).passed
    assert not verdict_on("bundle", "squawk 2", ["a", 1]).passed


@pytest.mark.parametrize("content", [b"", b"\0\xff", b"0" * 64])
def test_a_corrupt_entry_counts_for_nothing_and_is_mended(content: bytes) -> None:
    verdict = verdict_on("lint", 1)
    verdict.note_pass()
    (entry,) = (verdicts.cache_folder() / "lint").iterdir()
    entry.write_bytes(content)
    assert not verdict.passed
    verdict.note_pass()
    assert verdict.passed


def test_a_cache_that_can_not_be_written_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setattr(verdicts, "cache_folder", lambda: tmp_path / "file" / "cache")
    verdict_on("lint", 1).note_pass()
    assert not verdict_on("lint", 1).passed


def test_a_folder_in_an_entry_s_place_is_none() -> None:
    verdict = verdict_on("lint", 1)
    (verdicts.cache_folder() / "lint" / verdict.key / "inside").mkdir(parents=True)
    verdict.note_pass()
    assert not verdict.passed
    assert [path.name for path in (verdicts.cache_folder() / "lint").iterdir()] == [verdict.key]


def test_several_processes_note_the_same_at_once_below_the_user_s_cache(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", NOTE], cwd=ROOT, env={"XDG_CACHE_HOME": str(tmp_path)})
        for _ in range(3)
    ]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(list((tmp_path / "deployment-verdicts" / "lint").iterdir())) == 50
