"""Marks a release in Sentry, so that errors are shown beside what was released."""

import sys
from pathlib import Path
from urllib.parse import quote

import httpx

from release.credentials import check_token, read_credential
from release.error import ReleaseError
from release.record import Record
from settings.error import SettingsError
from settings.reading import read_files

_SECONDS = 10


def mark_release(stack: str, record: Record) -> bool:
    """Create the release and its deploy there (docs.sentry.io, API: create a release, create a deploy).

    Returns:
        Whether it is there; false as well where the stack names no Sentry. Why it is not goes to standard error: it
        changes nothing about the release itself.
    """
    try:
        sentry = read_files(Path.cwd(), stack).sentry
        if sentry is None:
            return False
        token = read_credential(sentry.token, stack)
        check_token(sentry.token, token)
    except (SettingsError, ReleaseError) as error:
        return _unmarked(str(error))
    version = record.commit or record.digest
    releases = f"{sentry.url.rstrip('/')}/api/0/organizations/{quote(sentry.organization, safe='')}/releases/"
    posts = {
        releases: {"version": version, "projects": list(sentry.projects)},
        f"{releases}{version}/deploys/": {"environment": stack, "name": f"release {record.number}"},
    }
    for address, body in posts.items():
        try:
            answer = httpx.post(address, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _unmarked(type(error).__name__)
        if not answer.is_success:
            return _unmarked(f"it answered {answer.status_code}")
    return True


def _unmarked(reason: str) -> bool:
    sys.stderr.write(f"Sentry was not told of the release ({reason}); the release itself is not affected\n")
    return False
