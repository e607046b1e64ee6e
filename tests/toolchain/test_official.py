import hashlib
import io
import tarfile
import threading
import urllib.error
from pathlib import Path

import pytest

from toolchain import official, pins
from toolchain.errors import ToolchainError

BASE = "https://downloads.test"
NAME = f"pulumi-v{pins.PULUMI}-linux-x64.tar.gz"


def _archive() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name in ("pulumi/pulumi", "pulumi/pulumi-language-python"):
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"#!it"))
    return content.getvalue()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Give what the download place serves, by URL; anything else can't be reached."""
    files: dict[str, bytes] = {}

    def fetch(url: str, seconds: float) -> bytes:
        assert seconds > 0
        if url not in files:
            raise urllib.error.URLError("refused")
        return files[url]

    monkeypatch.setattr(official, "fetch", fetch)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    return files


def _serve(files: dict[str, bytes], checksums: str) -> None:
    files[f"{BASE}/{NAME}"] = _archive()
    files[f"{BASE}/pulumi-{pins.PULUMI}-checksums.txt"] = checksums.encode()


def test_an_archive_with_the_published_checksum_is_installed(served: dict[str, bytes], tmp_path: Path) -> None:
    _serve(served, f"{'0' * 64}  other.tar.gz\n{hashlib.sha256(_archive()).hexdigest()}  {NAME}\n")

    official.download_engine(BASE, tmp_path)

    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "pulumi": 0o755,
        "pulumi-language-python": 0o755,
    }


@pytest.mark.parametrize("checksums", [f"{'0' * 64}  {NAME}\n", f"{'0' * 64}  other.tar.gz\n", ""])
def test_another_or_no_checksum_is_refused(served: dict[str, bytes], tmp_path: Path, checksums: str) -> None:
    _serve(served, checksums)

    with pytest.raises(ToolchainError, match="SHA-256"):
        official.download_engine(BASE, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_first_place_that_answers_is_taken(served: dict[str, bytes]) -> None:
    served[f"{official.BASES[1]}/pulumi-{pins.PULUMI}-checksums.txt"] = b""
    official.reachable.cache_clear()

    assert official.reachable() == official.BASES[1]


def test_a_network_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = threading.Event()

    def fetch(url: str, seconds: float) -> bytes:
        hangs.wait(20)
        raise urllib.error.URLError(f"{url} after {seconds} s")

    monkeypatch.setattr(official, "fetch", fetch)
    monkeypatch.setattr(official, "_SECONDS_TO_ANSWER", 0.05)
    official.reachable.cache_clear()

    assert official.reachable() is None
    hangs.set()


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [("Linux", "aarch64", "linux-arm64"), ("Darwin", "arm64", "darwin-arm64"), ("Darwin", "x86_64", "darwin-x64")],
)
def test_each_platform_has_its_archive(system: str, machine: str, name: str) -> None:
    assert official.archive_name(system, machine) == f"pulumi-v{pins.PULUMI}-{name}.tar.gz"


def test_a_platform_without_an_engine_is_an_error_with_a_remedy() -> None:
    with pytest.raises(ToolchainError, match=r"no engine for Linux on riscv64.*Use Linux or macOS"):
        official.archive_name("Linux", "riscv64")
