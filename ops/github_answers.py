"""What GitHub's client raises and what its answers may lack, told as one error."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from githubkit.exception import GitHubException, RequestError, RequestFailed

from release.error import ReleaseError
from settings.printable import printable

_LONGEST = 300
# What a use of an answer raises that has not the form of its contract; JSON that is none is a ValueError.
UNKNOWN_FORM = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)


@contextmanager
def asking_github(what: str, remedy: str) -> Iterator[None]:
    """Let calls of GitHub's client, and the use of their answers, fail with one error.

    Args:
        what: what GitHub did not do, as a sentence part after `GitHub did not`.
        remedy: what did not happen then, and what to do, as whole sentences.

    Raises:
        ReleaseError: GitHub refused, did not answer, or answered in another form than its contract.
    """
    try:
        yield
    except (GitHubException, httpx.HTTPError, httpx.InvalidURL) as error:
        raise ReleaseError(f"GitHub did not {what}: {describe_refusal(error)}. {remedy}") from error
    except UNKNOWN_FORM as error:
        raise ReleaseError(f"GitHub did not {what}: {describe_refusal(error)}. {remedy}") from error


def describe_refusal(error: Exception) -> str:
    """Say in a few words what a call came to."""
    if isinstance(error, RequestFailed):
        return f"it answered {error.response.status_code} {_message(error)}".strip()
    if isinstance(error, RequestError):
        return f"it does not answer ({type(error.exc).__name__})"
    if isinstance(error, UNKNOWN_FORM) and not isinstance(error, httpx.InvalidURL):
        return "what it answered has another form than its contract, so it may not be GitHub"
    return f"it can't be asked ({type(error).__name__})"


def _message(error: RequestFailed) -> str:
    try:
        document = error.response.json()
        message = document["message"]
        details = [entry["message"] for entry in document.get("errors") or () if "message" in entry]
    except UNKNOWN_FORM:
        return ""
    told = " ".join("; ".join(str(part) for part in (message, *details)).split())
    return printable(told)[:_LONGEST].rstrip(".")
