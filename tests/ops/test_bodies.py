from pathlib import Path

import pytest

from ops.bodies import write_body
from release.error import ReleaseError


def body(*names: str) -> bytes:
    parts = [f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{name}!' for name in names]
    return "\r\n".join(["Content-Type: multipart/form-data; boundary=x\r\n", *parts, "--x--", ""]).encode()


def test_a_body_is_written_as_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    assert write_body(folder, body("supabase/functions/a/index.ts", "b.ts")) == [
        "supabase/functions/a/index.ts",
        "b.ts",
    ]
    assert (folder / "supabase/functions/a/index.ts").read_text(encoding="utf-8") == "supabase/functions/a/index.ts!"


@pytest.mark.parametrize("name", ["../../evil.ts", "/etc/evil.ts", "a/../../../evil.ts"])
def test_no_file_lands_outside_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "one" / "two" / "kept"
    assert write_body(folder, body(name)) == ["evil.ts"]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["evil.ts"]
    assert (folder / "evil.ts").is_file()


def test_what_is_no_body_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="holds no files in a form that is known"):
        write_body(tmp_path / "kept", b"Content-Type: text/plain\r\n\r\nnothing")
    assert not (tmp_path / "kept").exists()
