"""The declaration of a hotfix in a stack file that people write in too."""

from pathlib import Path

import pytest
import yaml

from ops.hotfix_declaration import declare_hotfix
from release.error import ReleaseError

STACK_FILE = """# written by hand
encryptionsalt: v1:x
config:
  github:owner: acme # and here
  app:hotfix:
    release: "old"

    reason: of another time
  app:branch:
    name: main
"""


@pytest.mark.parametrize(
    "text",
    [
        STACK_FILE,
        STACK_FILE.replace("app:hotfix:", "app:other:"),
        # As `pulumi config set` leaves it.
        STACK_FILE.replace("  ", "    "),
        STACK_FILE.replace("config:\n", "config: # all of it\n\n  # and this\n"),
        STACK_FILE.replace("app:hotfix:", "'app:hotfix':"),
        STACK_FILE.replace("\n", "\r\n"),
    ],
)
def test_it_is_written_and_nothing_else_is_touched(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: app\n")
    file = tmp_path / "Pulumi.live.yaml"
    file.write_bytes(text.encode())
    before = yaml.safe_load(text)
    for release in ("a" * 64, "0123" * 16):
        assert declare_hotfix(tmp_path, "live", release=release, reason='it is "urgent": now') == file.name
        after = yaml.safe_load(file.read_text())
        assert after["config"]["app:hotfix"] == {"release": release, "reason": 'it is "urgent": now'}
        before["config"]["app:hotfix"] = after["config"]["app:hotfix"]
        assert after == before
    assert "# written by hand" in file.read_text()
    assert "# and here" in file.read_text()


@pytest.mark.parametrize("text", ["config: {app:repository: app}\n", "encryptionsalt: v1:x\n", "config:\n", ""])
def test_a_file_that_it_can_not_be_written_into_stays_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: app\n")
    file = tmp_path / "Pulumi.live.yaml"
    file.write_text(text)
    with pytest.raises(ReleaseError, match="Remedy: add it by hand"):
        declare_hotfix(tmp_path, "live", release="a" * 64, reason="it is urgent")
    assert file.read_text() == text
