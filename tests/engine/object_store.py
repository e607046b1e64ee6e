"""An S3-compatible server on loopback, for states that several machines share."""

import contextlib
import dataclasses
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.checkout import ROOT

_START_SECONDS = 20.0


@dataclass(frozen=True)
class ObjectStore:
    """The running server; what it stores are files below `directory`, a folder for each bucket.

    Attributes:
        directory: where it stores.
        address: host and port.
        key, secret: what it accepts.
    """

    directory: Path
    address: str
    key: str
    secret: str = field(repr=False)

    def environment(self, bucket: str) -> dict[str, str]:
        """Give what the engine needs to keep its state in a bucket."""
        query = f"endpoint=http://{self.address}&use_path_style=true&region=us-east-1"
        return {
            "PULUMI_BACKEND_URL": f"s3://{bucket}?{query}",
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
        }

    def names(self, bucket: str) -> set[str]:
        """Give the names of all objects in a bucket."""
        folder = self.directory / bucket
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@contextlib.contextmanager
def object_store(folder: Path, *buckets: str) -> Iterator[ObjectStore]:
    """Run the server on a folder of its own until the block ends."""
    for bucket in buckets:
        (folder / "objects" / bucket).mkdir(parents=True)
    (folder / "attributes").mkdir()
    key, secret = secrets.token_hex(10), secrets.token_hex(20)
    with _serving(folder, key, secret) as address:
        yield ObjectStore(folder / "objects", address, key, secret)


@contextlib.contextmanager
def read_only(store: ObjectStore) -> Iterator[ObjectStore]:
    """Serve what a store has at another address, where nothing can be written."""
    with _serving(store.directory.parent, store.key, store.secret, "--readonly") as address:
        yield dataclasses.replace(store, address=address)


@contextlib.contextmanager
def _serving(folder: Path, key: str, secret: str, *options: str) -> Iterator[str]:
    told = subprocess.run(
        [sys.executable, "-m", "toolchain", "program", "versitygw"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not every file system of a machine has extended attributes.
    posix = ["posix", "--sidecar", str(folder / "attributes"), str(folder / "objects")]
    log = folder / f"log-{port}"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [told.stdout.strip(), "--quiet", "--port", f"127.0.0.1:{port}", *options, *posix],
            env=os.environ | {"ROOT_ACCESS_KEY_ID": key, "ROOT_SECRET_ACCESS_KEY": secret},
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        _await(port, server, log)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _await(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            ended = server.poll() is not None or time.monotonic() > deadline
            assert not ended, log.read_text(errors="replace")
            time.sleep(0.05)
        else:
            return
