"""The file CODEOWNERS of a pull request's base: who has to agree to which change."""

from codeowners import CodeOwners

from localcloud.github.errors import NotFoundError
from localcloud.github.roles import may_write
from localcloud.github.store import Json, Store

# Where GitHub looks, in its order (docs.github.com, "About code owners").
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


def owners_of(store: Store, repository: Json, pull: Json) -> list[dict[str, frozenset[str]]]:
    """List, for each set of owners of a changed file once, the people behind each owner who may write.

    Owners that do not exist or may not write count for nobody, and a file without any has no owners.
    """
    git = store.git_of(repository)
    base, head = pull["base"]["sha"], pull["head"]["sha"]
    text = next((content for place in PLACES if (content := git.read(base, place)) is not None), b"")
    rules = CodeOwners(text.decode(errors="replace"))
    changes = git.changes(git.merge_base(base, head) or base, head)
    paths = {path for change in changes for path in (change.path, change.previous) if path}
    found: list[dict[str, frozenset[str]]] = []
    for path in sorted(paths):
        owners = {name.removeprefix("@"): _people(store, repository, name) for _, name in rules.of(path)}
        named = {name: people for name, people in owners.items() if people}
        if named and named not in found:
            found.append(named)
    return found


def request_code_owners(store: Store, repository: Json, issue: Json) -> None:
    """Ask the owners of what a pull request changes for a review, apart from its author."""
    pull = issue["pull"]
    for owners in owners_of(store, repository, pull):
        for name in owners:
            kind, entry = ("teams", name.partition("/")[2]) if "/" in name else ("reviewers", name)
            if entry != issue["user"] and entry not in pull[kind]:
                pull[kind].append(entry)


def _people(store: Store, repository: Json, owner: str) -> frozenset[str]:
    organization, _, slug = owner.removeprefix("@").partition("/")
    try:
        people = store.team(organization, slug)["members"] if slug else [store.user(organization)["login"]]
    except NotFoundError:
        return frozenset()
    return frozenset(login for login in people if may_write(store, repository, login))
