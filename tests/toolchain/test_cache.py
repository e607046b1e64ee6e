import os
import threading
from pathlib import Path

import pytest

from toolchain import cache


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_part_is_filled_once() -> None:
    filled: list[Path] = []

    def fill(folder: Path) -> None:
        filled.append(folder)
        (folder / "program").write_text("it")

    folders = {cache.obtain("part-1", fill) for _ in range(2)}

    assert folders == {cache.root() / "part-1"}
    assert len(filled) == 1
    assert (cache.root() / "part-1" / "program").read_text() == "it"


def test_a_part_that_fails_leaves_nothing_and_is_tried_again() -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("it")
        raise ValueError("broken")

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            cache.obtain("part-1", fail)

    assert [path.name for path in cache.root().iterdir()] == ["part-1.lock"]


def test_while_it_is_filled_nobody_sees_it_and_a_second_one_waits_for_it() -> None:
    filling, go_on = threading.Event(), threading.Event()
    found: list[Path] = []

    def slowly(folder: Path) -> None:
        filling.set()
        assert go_on.wait(20)
        (folder / "program").write_text("first")

    def never(folder: Path) -> None:
        (folder / "program").write_text("second")

    first = threading.Thread(target=lambda: found.append(cache.obtain("part-1", slowly)))
    first.start()
    assert filling.wait(20)
    second = threading.Thread(target=lambda: found.append(cache.obtain("part-1", never)))
    second.start()
    seen = (cache.root() / "part-1").exists()
    go_on.set()
    first.join(20)
    second.join(20)

    assert not seen
    assert [(folder / "program").read_text() for folder in found] == ["first", "first"]


def test_what_a_killed_process_left_is_removed() -> None:
    abandoned = cache.root() / ".part-1.abc"
    abandoned.mkdir(parents=True)

    cache.obtain("part-1", lambda folder: (folder / "program").touch())

    assert not abandoned.exists()


def test_other_users_may_enter_a_part() -> None:
    assert cache.obtain("part-1", lambda _: None).stat().st_mode & 0o777 == 0o755


def test_a_fingerprint_changes_with_each_file_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "go.mod").write_text("one")
    before = cache.fingerprint(folder)
    (folder / "go.mod").write_text("two")

    assert cache.fingerprint(folder) != before


def test_without_a_cache_home_it_is_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", os.fspath(tmp_path / "me"))

    assert cache.root() == tmp_path / "me" / ".cache" / "deployment-toolchain"
