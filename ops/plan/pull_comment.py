"""The one comment of a stack on a pull request."""

from typing import Any

import httpx
from githubkit.exception import GitHubException

from ops.github_answers import UNKNOWN_FORM, describe_refusal
from ops.hosting import Hosting

_PAGE, _MOST_PAGES = 100, 100


def marker_of(stack: str) -> str:
    """Give the line by which a stack's comment is found again."""
    return f"<!-- plan of stack {stack} -->"


def tell_pull_request(hosting: Hosting, number: int, stack: str, text: str) -> str | None:
    """Write the comment, or bring the one that is there up to date.

    Returns:
        Why it could not be written; None where it was. A plan is no worse for nobody having been told.
    """
    client, here = hosting.api, (hosting.owner, hosting.name)
    marker = marker_of(stack)
    body = f"{marker}\n{text}"
    try:
        for page in range(1, _MOST_PAGES):
            listed: list[Any] = client.rest.issues.list_comments(*here, number, per_page=_PAGE, page=page).json()
            for comment in listed:
                if str(comment["body"] or "").partition("\n")[0].strip() == marker:
                    client.rest.issues.update_comment(*here, comment["id"], body=body)
                    return None
            if len(listed) < _PAGE:
                break
        client.rest.issues.create_comment(*here, number, body=body)
    except (GitHubException, httpx.HTTPError, httpx.InvalidURL, *UNKNOWN_FORM) as error:
        return f"GitHub did not take the comment: {describe_refusal(error)}."
    return None
