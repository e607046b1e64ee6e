"""Plans: what an owner pays for decides what GitHub has for private repositories."""

from localcloud.github.store import Json, Store


def plan_of(store: Store, repository: Json) -> str:
    """Give the plan of a repository's owner: free, team or enterprise; people are on the free one."""
    organization = store.state["organizations"].get(repository["owner"].lower())
    return "free" if organization is None else str(organization["plan"])
