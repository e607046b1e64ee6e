"""What the local GitHub knows, kept as one JSON document and one bare git repository per repository.

The document is written before refs move and names the moves: after a kill in between, the next start carries them out.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from localcloud.durable import discard_unfinished, read_json, write_json
from localcloud.github.errors import NotFoundError
from localcloud.github.git import BareRepository

Json = dict[str, Any]

_KINDS = ("organizations", "users", "teams", "repositories", "apps", "tokens")
# What merging and rights add to every repository, those of an older state included.
_MERGING: Json = {"parent": None, "last_number": 0, "issues": {}, "check_runs": {}, "statuses": []}
_RIGHTS = ("collaborators", "teams", "invitations", "deploy_keys", "hooks", "workflows")
_LATER: Json = {**_MERGING, **{part: {} for part in _RIGHTS}}
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
        discard_unfinished(self._path)
        empty: Json = {"last_id": 1_000_000, **{kind: {} for kind in _KINDS}}
        self.state: Json = empty | (read_json(self._path) or {})
        for name, older in self.state["repositories"].items():
            self.state["repositories"][name] = json.loads(json.dumps(_LATER)) | older
        self._confirmed: list[Json] = self.state.pop("moves", [])
        self._queued: list[Json] = []
        # Names of refs never end in .lock: these are what git leaves behind when it is killed, and would wait for.
        for pattern in ("*.lock", "refs/**/*.lock"):
            for leftover in self._git.glob(f"*/*.git/{pattern}"):
                leftover.unlink(missing_ok=True)
        self._written = json.dumps(self.state, sort_keys=True)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run one request alone; what it changed is on the disk before it is answered, or is taken back."""
        with self._lock:
            self._carry_out()
            try:
                yield
                changed = json.dumps(self.state, sort_keys=True)
                if changed != self._written or self._queued:
                    # What is in memory is what a restart would read, down to the order of lists.
                    self.state = json.loads(changed)
                    write_json(self._path, self.state | {"moves": self._queued})
                    self._written, self._confirmed = changed, self._queued
            except BaseException:
                self.state = json.loads(self._written)
                raise
            finally:
                self._queued = []
            self._carry_out()

    def move(self, repository: Json, ref: str, target: str | None) -> None:
        """Point a ref to a commit (HEAD: to a ref) once the transaction is on the disk; None deletes it.

        Only what git is sure to do may be queued: existing commits, valid names that are free.
        """
        self._queued.append({"repository": [repository["owner"], repository["name"]], "ref": ref, "target": target})

    def sha(self, repository: Json, ref: str) -> str | None:
        """Give the commit of a full ref as it will be after this transaction, or None where there is no such ref."""
        name = [repository["owner"], repository["name"]]
        for move in reversed(self._queued):
            if (move["repository"], move["ref"]) == (name, ref):
                target: str | None = move["target"]
                return target
        return self.git_of(repository).sha(ref)

    def is_free(self, repository: Json, ref: str) -> bool:
        """Tell whether a ref can be created: none has its name, lies below it or above it after this transaction."""
        name = [repository["owner"], repository["name"]]
        refs = dict[str, str | None](self.git_of(repository).refs("refs/"))
        refs |= {move["ref"]: move["target"] for move in self._queued if move["repository"] == name}
        there = [other for other, target in refs.items() if target is not None]
        return not any(f"{other}/".startswith(f"{ref}/") or f"{ref}/".startswith(f"{other}/") for other in there)

    def _carry_out(self) -> None:
        """Move the refs of the last transaction; doing so a second time changes nothing."""
        targets: dict[tuple[str, str], dict[str, str | None]] = {}
        for move in self._confirmed:
            owner, name = move["repository"]
            targets.setdefault((owner, name), {})[move["ref"]] = move["target"]
        for (owner, name), moves in targets.items():
            self.git(owner, name).move(moves)
        self._confirmed = []

    def committed(self) -> Json:
        """Give a copy of the state as the last transaction left it; one that is under way is not waited for."""
        copy: Json = json.loads(self._written)
        return copy

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

    def add_repository(self, repository: Json) -> Json:
        """Keep a new repository, with nothing to merge and nobody who has a role yet."""
        kept: Json = json.loads(json.dumps(_LATER)) | repository
        self.state["repositories"][f"{repository['owner']}/{repository['name']}".lower()] = kept
        return kept

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

    def git_of(self, repository: Json) -> BareRepository:
        """Give the bare repository of a repository."""
        return self.git(repository["owner"], repository["name"])

    def git(self, owner: str, name: str) -> BareRepository:
        """Give the bare repository of these names."""
        return BareRepository(self._git / owner.lower() / f"{name.lower()}.git")
