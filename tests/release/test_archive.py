from pathlib import Path

import pytest

from release.archive import pack, unpacked
from release.backend_source import read_backend


def test_packed_files_come_out_as_they_went_in(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c.bin").write_bytes(bytes(range(256)))
    (tmp_path / "empty.txt").write_bytes(b"")
    with unpacked(pack(tmp_path, ["empty.txt", "a/b/c.bin"])) as folder:
        assert (folder / "a/b/c.bin").read_bytes() == bytes(range(256))
        assert (folder / "empty.txt").read_bytes() == b""
        kept = folder
    assert not kept.exists()


def test_the_same_files_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    assert pack(tmp_path, ["one", "two"]) == pack(tmp_path, ["two", "one"])


def test_a_member_that_leads_out_of_the_folder_is_not_written(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "outside.txt").write_text("x", encoding="utf-8")
    packed = pack(inner, ["../outside.txt"])
    with pytest.raises(Exception, match=r"outside"), unpacked(packed):
        pass


def test_the_smoke_tests_are_archived_with_what_deno_reads(backend: Path) -> None:
    (backend / "deno.json").write_text("{}", encoding="utf-8")
    first = read_backend(backend)
    assert first.smoke_files == ("scripts/smoke-tests.ts", "deno.json")
    (backend / "deno.json").write_text('{"imports": {}}', encoding="utf-8")
    assert read_backend(backend).smoke_digest != first.smoke_digest
    assert read_backend(backend).digest == first.digest
