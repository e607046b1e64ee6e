"""The repository at GitHub, as operations use it: its API and its git address."""

import base64
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from githubkit import GitHub

from ops.github_answers import asking_github
from release.credentials import check_token
from release.error import ReleaseError
from settings.provided import provided_value
from settings.stack import Settings

_PUBLIC = "https://github.com"
_PUBLIC_API = "https://api.github.com"


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """One repository.

    Attributes:
        owner, name: as GitHub names it.
        address: where git clones it from, without credentials.
        token: GitHub's, which no text of this shows.

    """

    owner: str
    name: str
    address: str
    token: str = field(repr=False)
    _base: str

    @property
    def rest_address(self) -> str:
        """Give the base address of the REST API."""
        return _PUBLIC_API if self._base == _PUBLIC else f"{self._base}/api/v3"

    @property
    def graphql_address(self) -> str:
        """Give the address of the GraphQL API."""
        return f"{_PUBLIC_API}/graphql" if self._base == _PUBLIC else f"{self._base}/api/graphql"

    @property
    def api(self) -> GitHub[Any]:
        """Give a client of the REST API."""
        return GitHub(self.token, base_url=f"{self.rest_address}/")

    def git(self, folder: Path, *arguments: str) -> str:
        """Run git, which finds the credentials in its environment and in no command line; gives what it prints.

        Raises:
            ReleaseError: git failed; the text is git's own.
        """
        credential = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        configuration = {f"http.{self._base}/.extraHeader": f"Authorization: Basic {credential}"}
        result = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **_configured(configuration), **_author()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if result.returncode != 0:
            raise ReleaseError(
                f"git {arguments[0]} failed: {result.stderr.strip()} Nothing was released. Remedy: correct what git"
                " names, then run this again."
            )
        return result.stdout.strip()

    def find_pull_request(self, *, head: str, base: str) -> dict[str, Any] | None:
        """Give the open pull request of a branch; None where there is none.

        Raises:
            ReleaseError: GitHub refused.
        """
        client = self.api
        remedy = "Nothing was opened. Remedy: GITHUB_TOKEN needs pull requests (read)."
        with asking_github(f"list the pull requests of {head}", remedy):
            found: list[Any] = client.rest.pulls.list(
                self.owner, self.name, state="open", head=f"{self.owner}:{head}", base=base
            ).json()
            return dict(found[0]) if found else None

    def open_pull_request(
        self, *, head: str, base: str, title: str, write: Callable[[str | None], str], labels: list[str]
    ) -> str:
        """Open a pull request, or bring the open one of that branch up to date; gives its address.

        Args:
            head: the branch.
            base: the branch that it is to be merged into.
            title: as shown in lists.
            write: gives the text, from the one that is there already or None.
            labels: added to those that it has.

        Raises:
            ReleaseError: GitHub refused.
        """
        # Its namespaces hold the client only weakly.
        client, here = self.api, (self.owner, self.name)
        rest = client.rest
        found = self.find_pull_request(head=head, base=base)
        before = None if found is None else str(found.get("body") or "")
        body = write(before)
        remedy = (
            "The branch is pushed. Remedy: GITHUB_TOKEN needs pull requests and issues (write); then run this again."
        )
        with asking_github(f"take the pull request of {head}", remedy):
            if found:
                pull = rest.pulls.update(*here, found["number"], title=title, body=body).json()
            else:
                pull = rest.pulls.create(*here, head=head, base=base, title=title, body=body).json()
            if labels:
                rest.issues.add_labels(*here, pull["number"], labels=labels)
            return str(pull["html_url"])


def find_hosting(settings: Settings) -> Hosting:
    """Find the stack's repository, with the credentials of the environment.

    Raises:
        ReleaseError: there is no token.
    """
    token = provided_value("GITHUB_TOKEN", settings.stack, os.environ)
    if not token:
        raise ReleaseError("GITHUB_TOKEN is not set, so GitHub can't be asked. Remedy: export it.")
    check_token("GITHUB_TOKEN", token)
    base = os.environ.get("GITHUB_BASE_URL", _PUBLIC).rstrip("/")
    address = f"{base}/{settings.owner}/{settings.repository}.git"
    return Hosting(owner=settings.owner, name=settings.repository, address=address, token=token, _base=base)


def _configured(values: Mapping[str, str]) -> dict[str, str]:
    pairs = {
        name: text
        for number, (key, value) in enumerate(values.items())
        for name, text in ((f"GIT_CONFIG_KEY_{number}", key), (f"GIT_CONFIG_VALUE_{number}", value))
    }
    return {"GIT_CONFIG_COUNT": str(len(values)), **pairs}


def _author() -> dict[str, str]:
    """Name a machine as author where git knows nobody."""
    known = subprocess.run(["git", "config", "user.email"], capture_output=True, check=False).returncode == 0
    if known or os.environ.get("GIT_AUTHOR_EMAIL"):
        return {}
    person = {"NAME": "release", "EMAIL": "release@users.noreply.github.com"}
    return {f"GIT_{role}_{field}": text for role in ("AUTHOR", "COMMITTER") for field, text in person.items()}
