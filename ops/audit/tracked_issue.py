"""The one GitHub issue in which an audit's findings are tracked."""

from typing import Any

from ops.audit.report import Report
from ops.audit.summary import write_summary
from ops.github_answers import asking_github
from ops.hosting import Hosting

# Found again by this, whatever its title has become.
_MARKER = "<!-- drift audit: this issue is kept up to date by `python -m ops audit --issue` -->"
_TITLE = "Drift: what is live differs from what is declared"
_LABEL = "drift"


def track(hosting: Hosting, report: Report) -> str | None:
    """Open, update, reopen or close the issue, as the report asks; nothing is written where it says so already.

    Returns:
        Its address; None where there is none and none is needed.

    Raises:
        ReleaseError: GitHub refused.
    """
    client, here = hosting.api, (hosting.owner, hosting.name)
    rest = client.rest
    remedy = "The audit itself is done, and changed nothing. Remedy: GITHUB_TOKEN needs issues (write)."
    with asking_github("take the issue", remedy):
        listed: list[Any] = rest.issues.list_for_repo(*here, state="all", labels=_LABEL, per_page=100).json()
        found = next((issue for issue in listed if _MARKER in (issue["body"] or "")), None)
        if not report.open:
            if found and found["state"] == "open":
                rest.issues.create_comment(*here, found["number"], body=f"Nothing differs any more ({report.at}).")
                rest.issues.update(*here, found["number"], state="closed", state_reason="completed")
            return found and str(found["html_url"])
        body = f"{_MARKER}\n{write_summary(report)}"
        if found is None:
            created = rest.issues.create(*here, title=_TITLE, body=body, labels=[_LABEL]).json()
            return str(created["html_url"])
        if found["state"] != "open" or _without_moment(found["body"]) != _without_moment(body):
            rest.issues.update(*here, found["number"], body=body, state="open")
        return str(found["html_url"])


def _without_moment(body: str) -> list[str]:
    """Give a text without the line that says when it was made."""
    return [line.strip() for line in body.splitlines() if " at 20" not in line]
