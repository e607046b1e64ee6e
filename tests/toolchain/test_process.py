"""What is said of a tool that fails: cause, consequence, remedy."""

import sys

import pytest

from toolchain.errors import ToolchainError
from toolchain.process import run

REMEDY = "Check the registry."
# What the tools really write.
FULL = "write /cache/pulumi: no space left on device"
UNREACHABLE = [
    "dial tcp: lookup proxy.test: no such host",
    "dial tcp 127.0.0.1:9: connect: connection refused",
    "npm error code ECONNREFUSED\nnpm error FetchError: connect ECONNREFUSED 127.0.0.1:9",
    "npm error code ENOTFOUND",
    "WARNING: Retrying: Failed to establish a new connection: [Errno 111] Connection refused",
    "error: error sending request for url\n  Caused by: dns error\n  Caused by: Temporary failure in name resolution",
]
REFUSED = [
    "reading mod.test/x/@v/v1.mod: 403 Forbidden\n\tserver response: This module version is not available.",
    "npm error code E403\nnpm error 403 Forbidden - GET",
    "HTTP status client error (401 Unauthorized) for url",
]


def _said(written: str) -> str:
    with pytest.raises(ToolchainError) as failed:
        run([sys.executable, "-c", f"import sys; sys.exit({written!r})"], consequence="Nothing runs.", remedy=REMEDY)
    return str(failed.value)


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        *((text, "the registry can't be reached") for text in UNREACHABLE),
        *((text, "the registry refuses that") for text in REFUSED),
    ],
)
def test_a_registry_that_does_not_answer_is_told_from_one_that_refuses(written: str, cause: str) -> None:
    said = _said(written)

    assert f"failed with exit code 1, since {cause}:" in said
    assert said.endswith(f"Nothing runs. {REMEDY}")


@pytest.mark.parametrize(
    ("written", "cause", "remedy"),
    [
        (FULL, "the disk is full", "Free some space"),
        ("npm error code ENOSPC", "the disk is full", "Free some space"),
        ("OSError: [Errno 30] Read-only file system: '/cache'", "that place can't be written", "Set XDG_CACHE_HOME"),
        ("error: command 'gcc' failed: No such file or directory", "there is no C compiler", "Install one"),
        ("error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'", "there is no C compiler", "Install one"),
        (f"{FULL}\nnpm error network timeout", "the disk is full", "Free some space"),
    ],
)
def test_a_cause_that_is_no_registrys_has_a_remedy_of_its_own(written: str, cause: str, remedy: str) -> None:
    said = _said(written)

    assert cause in said
    assert f"Nothing runs. {remedy}" in said
    assert REMEDY not in said


@pytest.mark.parametrize("written", ["no such module", "requires Go 1.27", "no such file or directory: 'account'"])
def test_what_is_not_understood_is_not_explained(written: str) -> None:
    said = _said(written)

    assert "since" not in said
    assert written in said
    assert said.endswith(REMEDY)
