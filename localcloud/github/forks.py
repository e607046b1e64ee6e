"""Forks: repositories of users that pull requests may come from."""

import shutil

from localcloud.github.errors import ForbiddenError, NotEmulatedError, NotFoundError
from localcloud.github.operations import REPOSITORY, Answer, Call, operation
from localcloud.github.repositories import repository_json, settings_of
from localcloud.github.roles import role_of
from localcloud.github.seed import new_repository

_FORKS = REPOSITORY + "/forks"


@operation("GET", _FORKS)
def list_forks(call: Call) -> Answer:
    """List the forks that the caller may see."""
    name = f"{call.repository['owner']}/{call.repository['name']}".lower()
    forks = [item for item in call.store.state["repositories"].values() if item["parent"] == name]
    visible = [item for item in forks if role_of(call.store, item, call.viewer)]
    return call.page([repository_json(call, item) for item in visible])


@operation("POST", _FORKS)
def create_fork(call: Call) -> Answer:
    """Fork the repository to the caller's account; the fork that exists already is answered.

    Raises:
        NotFoundError: the caller may not see the repository.
        ForbiddenError: it is private and its settings allow no forks, or the token is an app's.
        NotEmulatedError: an organisation is to own the fork.
    """
    parent = call.repository
    if role_of(call.store, parent, call.viewer) is None:
        raise NotFoundError
    if call.actor.app_id is not None:
        raise ForbiddenError("Resource not accessible by integration")
    if call.body.get("organization") is not None:
        raise NotEmulatedError("Forking into an organisation")
    if parent["private"] and not settings_of(parent)["allow_forking"]:
        raise ForbiddenError("The repository exists, but forking is disabled.")
    name, store = call.optional("name", str, parent["name"]), call.store
    full_name = f"{parent['owner']}/{parent['name']}".lower()
    own = [item for item in store.state["repositories"].values() if item["owner"].lower() == call.viewer.lower()]
    fork = next((item for item in own if item["parent"] == full_name or item["name"].lower() == name.lower()), None)
    if fork is None:
        git = store.git(call.viewer, name)
        # What a fork that was never confirmed left behind.
        shutil.rmtree(git.path, ignore_errors=True)
        only = call.optional("default_branch_only", bool, default=False)
        git.copy(call.git, branch=parent["default_branch"], only=only)
        blank = new_repository(
            store, call.viewer, name, private=parent["private"], default_branch=parent["default_branch"]
        )
        fork = store.add_repository(blank | {"parent": full_name})
    shown = repository_json(call, parent)
    return Answer(body=repository_json(call, fork) | {"parent": shown, "source": shown}, status=202)
