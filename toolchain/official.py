"""Pulumi's own downloads, for machines that can reach them."""

import functools
import hashlib
import io
import platform
import tarfile
import threading
import urllib.request
from pathlib import Path, PurePosixPath

from toolchain import pins, report
from toolchain.errors import ToolchainError

SOURCE = "Pulumi's downloads"

# Both hold the archives and the file of their checksums.
BASES = (
    "https://get.pulumi.com/releases/sdk",
    f"https://github.com/pulumi/pulumi/releases/download/v{pins.PULUMI}",
)
_SECONDS_TO_ANSWER = 5.0


def archive_name(system: str, machine: str) -> str:
    """The engine's archive for a platform, named as `platform.system()` and `platform.machine()` do."""
    architecture = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(machine.lower())
    if system not in {"Linux", "Darwin"} or architecture is None:
        raise ToolchainError(
            f"Pulumi publishes no engine for {system} on {machine}, so it can't be downloaded. "
            "Use Linux or macOS on x64 or arm64, or put a `pulumi` of the pinned version on PATH."
        )
    return f"pulumi-v{pins.PULUMI}-{system.lower()}-{architecture}.tar.gz"


def fetch(url: str, seconds: float) -> bytes:
    """Download a small or large file; an OSError says why that failed, at the latest after so many silent seconds."""
    with urllib.request.urlopen(url, timeout=seconds) as answer:  # noqa: S310 - every base is https
        return bytes(answer.read())


@functools.cache
def reachable() -> str | None:
    """The first base that serves the pinned engine's checksums, or None; takes at most a few seconds."""
    found: list[str] = []

    def probe() -> None:
        for base in BASES:
            try:
                fetch(_checksums_url(base), _SECONDS_TO_ANSWER)
            except OSError:
                continue
            found.append(base)
            return

    report.say(f"asking whether Pulumi's downloads can be reached (at most {_SECONDS_TO_ANSWER:.0f} s) …")
    # A name server that does not answer can hold a look-up for longer than any time-out of the request.
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(_SECONDS_TO_ANSWER)
    return found[0] if found else None


def download_engine(base: str, folder: Path) -> None:
    """Put the official engine, language hosts included, into the folder.

    Raises:
        ToolchainError: The archive is not listed in the published checksums, or does not match them.
        OSError: A download fails.
    """
    name = archive_name(platform.system(), platform.machine())
    lines = fetch(_checksums_url(base), 30).decode().splitlines()
    checksums = {file.lstrip("*"): digest for digest, file in (line.split() for line in lines if line)}
    content = fetch(f"{base}/{name}", 60)
    if hashlib.sha256(content).hexdigest() != checksums.get(name):
        raise ToolchainError(
            f"{base}/{name} does not have the published SHA-256 {checksums.get(name)}. It was not installed. "
            "Try again; if it stays so, something between this machine and Pulumi changes downloads: tell who runs it."
        )
    # The archive is flat: the engine and its language hosts in one folder.
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream is not None:
                program = folder / PurePosixPath(member.name).name
                program.write_bytes(stream.read())
                program.chmod(0o755)


def _checksums_url(base: str) -> str:
    return f"{base}/pulumi-{pins.PULUMI}-checksums.txt"
