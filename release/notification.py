"""Tells the team channel what happened; whether that works changes nothing about a release."""

import sys
from pathlib import Path

import httpx

from release.credentials import read_credential
from release.error import ReleaseError
from release.record import Record
from settings.error import SettingsError
from settings.reading import read_files

_TRIES = 2
_SECONDS = 10
_LONGEST_TEXT = 2000


def tell_team(stack: str, text: str) -> bool:
    """Post a text to the webhook that the stack file names, in Slack's form.

    Args:
        stack: the stack.
        text: what to tell; cut where it is very long.

    Returns:
        Whether it arrived; false as well where the stack names no webhook. Why it did not goes to standard error,
        without the address, which is a secret.
    """
    try:
        name = read_files(Path.cwd(), stack).notification
        if name is None:
            return False
        address = read_credential(name, stack)
    except (SettingsError, ReleaseError) as error:
        return _untold(str(error))
    reason = post_text(address, text)
    return not reason or _untold(f"the webhook in {name} was not reached: {reason}")


def post_text(address: str, text: str) -> str:
    """Post a text to a webhook, in Slack's form.

    Args:
        address: the webhook's, which is a secret.
        text: what to tell; cut where it is very long.

    Returns:
        Why it did not arrive, without the address; empty where it did.
    """
    reason = ""
    for _ in range(_TRIES):
        try:
            response = httpx.post(address, json={"text": text[:_LONGEST_TEXT]}, timeout=_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = type(error).__name__
            continue
        if response.is_success:
            return ""
        reason = f"it answered {response.status_code}"
    return reason


def describe_release(stack: str, record: Record) -> str:
    """Say what was released."""
    what = {"hotfix": "HOTFIX", "rollback": "ROLLBACK"}.get(record.kind, "Release")
    commit = f", commit {record.commit[:10]}" if record.commit else ""
    amount = f"functions: {len(record.functions)}, migrations: {len(record.migrations)}"
    lines = [
        f"{what} {record.number} is live in {stack}: {record.digest[:12]}{commit}, by {record.by}",
        f"{amount}, {sum(record.seconds.values()):.0f} s of work",
    ]
    return "\n".join([*lines, *([f"Reason: {record.reason}"] if record.reason else [])])


def describe_failure(stack: str, step: str, text: str) -> str:
    """Say which step of a release failed."""
    return f"Release to {stack} FAILED in step `{step}`:\n{text}"


def _untold(reason: str) -> bool:
    sys.stderr.write(f"the team channel was not told ({reason}); the release itself is not affected\n")
    return False
