"""What the local GitHub knows, kept as one JSON document and one bare git repository per repository."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from localcloud.durable import read_json, write_json
from localcloud.github.errors import NotFoundError
from localcloud.github.git import BareRepository

Json = dict[str, Any]

_KINDS = ("organizations", "users", "teams", "repositories", "apps", "tokens")
# The one app that is everywhere; its number is GitHub's own.
ACTIONS_APP: Json = {"id": 15368, "slug": "github-actions", "name": "GitHub Actions"}


def found(items: Mapping[str, Json], name: str) -> Json:
    """Give the item of a name in any case; the keys are in lower case.

    Raises:
        NotFoundError: there is none.
    """
    item = items.get(name.lower())
    if item is None:
        raise NotFoundError
    return item


class Store:
    """The state, changed only inside `transaction`.

    Organisations, users and teams (`organisation/slug`) and repositories (`owner/name`) are found by their
    names in lower case: GitHub's names have no case.

    Args:
        directory: holds github.json and git/OWNER/NAME.git.
        clock: gives the time, with its zone.
    """

    def __init__(self, directory: Path, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._path = directory / "github.json"
        self._git = directory / "git"
        self._lock = Lock()
        empty: Json = {"last_id": 1_000_000, **{kind: {} for kind in _KINDS}}
        self.state: Json = empty | (read_json(self._path) or {})
        self._written = json.dumps(self.state, sort_keys=True)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run one request alone; what it changed is on the disk before it is answered, or is taken back."""
        with self._lock:
            try:
                yield
                changed = json.dumps(self.state, sort_keys=True)
                if changed != self._written:
                    # What is in memory is what a restart would read, down to the order of lists.
                    self.state = json.loads(changed)
                    write_json(self._path, self.state)
                    self._written = changed
            except BaseException:
                self.state = json.loads(self._written)
                raise

    def now(self) -> str:
        """Give the current time as GitHub writes it: ISO 8601, UTC, whole seconds."""
        return self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def next_id(self) -> int:
        """Hand out a number that no other object has."""
        self.state["last_id"] += 1
        number: int = self.state["last_id"]
        return number

    def organization(self, login: str) -> Json:
        """Find an organisation.

        Raises:
            NotFoundError: there is none of that name; so for each of the methods below.
        """
        return found(self.state["organizations"], login)

    def user(self, login: str) -> Json:
        """Find a user."""
        return found(self.state["users"], login)

    def team(self, organization: str, slug: str) -> Json:
        """Find a team of an organisation."""
        return found(self.state["teams"], f"{organization}/{slug}")

    def repository(self, owner: str, name: str) -> Json:
        """Find a repository by its names."""
        return found(self.state["repositories"], f"{owner}/{name}")

    def apps(self) -> list[Json]:
        """List the apps that exist, GitHub Actions first."""
        return [ACTIONS_APP, *self.state["apps"].values()]

    def app(self, number: int) -> Json:
        """Find an app by its number."""
        return found({str(app["id"]): app for app in self.apps()}, str(number))

    def by_id(self, kind: str, number: int | str) -> Json:
        """Find one of the "organizations", "users", "teams" or "repositories" by its number."""
        return found({str(item["id"]): item for item in self.state[kind].values()}, str(number))

    def git(self, owner: str, name: str) -> BareRepository:
        """Give the bare repository of a repository."""
        return BareRepository(self._git / owner.lower() / f"{name.lower()}.git")
