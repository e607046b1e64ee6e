"""Reads of GitHub while the program runs, through the plugin and so with its address and credentials."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import pulumi

from provider.pending_invoke import PendingInvoke

PLUGIN_VERSION = version("pulumi_github")
"""What the package's own calls ask for; importing the package to learn it would take longer than the plugin's start."""
_PAGE, _MOST_PAGES = 100, 1000
_NOT_FOUND = 404


def read_github(path: str, *, absent: str | None = None) -> Any | None:
    """Give the JSON at a path of the REST API, such as `repos/OWNER/NAME`; None where it answers 404.

    Args:
        path: below the API's root.
        absent: words of an error that mean absence as well.

    Raises:
        pulumi.RunError: GitHub refused, or could not be reached.
    """
    return begin_read(path, absent=absent)()


def begin_read(path: str, *, absent: str | None = None) -> Callable[[], Any | None]:
    """Begin a read, as `read_github` does; the answer is waited for where the result is called."""
    pending = PendingInvoke("github:index/getRestApi:getRestApi", {"endpoint": path}, version=PLUGIN_VERSION)
    return lambda: _json(path, pending, absent)


def read_all(path: str, key: str | None = None) -> list[Any]:
    """Give every entry of a list, page by page; of the list under `key` where the answer is an object."""
    return begin_read_all(path, key)()


def begin_read_all(path: str, key: str | None = None) -> Callable[[], list[Any]]:
    """Begin to read a list, as `read_all` does; its first page is on its way at once."""
    first = begin_read(_page(path, 1))

    def answer() -> list[Any]:
        found: list[Any] = []
        for page in range(1, _MOST_PAGES):
            told = first() if page == 1 else read_github(_page(path, page))
            if key and not isinstance(told, dict | None):
                raise _unknown_form(path, "no object")
            entries = (told or {}).get(key, []) if key else told or []
            if not isinstance(entries, list):
                raise _unknown_form(path, "no list")
            found += entries
            if len(entries) < _PAGE:
                return found
        raise _unknown_form(path, f"more than {_MOST_PAGES} pages")

    return answer


def _page(path: str, number: int) -> str:
    return f"{path}?per_page={_PAGE}&page={number}"


def _json(path: str, pending: PendingInvoke, absent: str | None) -> Any | None:
    try:
        told = pending.answer()
    except pulumi.RunError as error:
        if absent and absent in str(error):
            return None
        raise pulumi.RunError(
            f"GitHub did not answer {path}: {str(error).strip()}\nWhat depends on it was not changed. Remedy: run this"
            " again where GitHub was busy; else GITHUB_TOKEN has to be able to read the repository's administration,"
            " environments, variables and collaborators, and the owner's teams."
        ) from error
    if told["code"] == _NOT_FOUND:
        return None
    try:
        return json.loads(told["body"])
    except (ValueError, RecursionError) as error:
        raise _unknown_form(path, "no JSON") from error


@contextmanager
def in_form(what: str) -> Iterator[None]:
    """Let the use of GitHub's answers fail with one error where they have another form than their contract.

    Args:
        what: what they are about, for the sentence.

    Raises:
        pulumi.RunError: they have.
    """
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise _unknown_form(what, "something else than its contract says") from error


def _unknown_form(path: str, what: str) -> pulumi.RunError:
    return pulumi.RunError(
        f"GitHub answered {path} with {what}, so it may not be GitHub. What depends on it was not changed. Remedy:"
        " check GITHUB_BASE_URL and proxies, then run this again."
    )
