"""Who may do what in a repository: roles from ownership, teams, invitations and the organisation's base role."""

from collections.abc import Iterator

from localcloud.github.errors import InvalidFieldsError
from localcloud.github.store import Json, Store

# From the least to the most; each includes those before it.
ROLES = ("read", "triage", "write", "maintain", "admin")
# The same in the words that the API takes and shows as flags.
_PERMISSIONS = ("pull", "triage", "push", "maintain", "admin")
_LEGACY = {"triage": "read", "maintain": "write"}


def includes(role: str | None, wanted: str) -> bool:
    """Tell whether a role (None: no access) is at least as much as another."""
    return role is not None and ROLES.index(role) >= ROLES.index(wanted)


def role_of(store: Store, repository: Json, login: str) -> str | None:
    """Give somebody's highest role on a repository; None where they have none and the repository is private.

    An app is installed with the right to write; what it may do is bounded by its token alone.
    """
    held = [*_granted(store, repository, login), *(() if repository["private"] else ("read",))]
    return max(held, key=ROLES.index, default=None)


def may_write(store: Store, repository: Json, login: str) -> bool:
    """Tell whether somebody may push, merge, and approve with effect."""
    return includes(role_of(store, repository, login), "write")


def association_of(store: Store, repository: Json, login: str) -> str:
    """Tell what somebody is to a repository, in GitHub's word."""
    if login.lower() == repository["owner"].lower():
        return "OWNER"
    if organization_role(store, repository["owner"], login):
        return "MEMBER"
    return "COLLABORATOR" if login in repository["collaborators"] else "NONE"


def organization_role(store: Store, organization: str, login: str) -> str | None:
    """Tell whether a user is an "admin" (owner) or "member" of an organisation, or None."""
    known = store.state["organizations"].get(organization.lower(), {"members": {}})
    members = {name.lower(): role for name, role in known["members"].items()}
    return members.get(login.lower())


def legacy_permission(role: str | None) -> str:
    """Give the older name of a role, which knows neither triage nor maintain."""
    return _LEGACY.get(role or "none", role or "none")


def permissions_json(role: str | None) -> Json:
    """Show a role as GitHub's five permissions."""
    return {name: includes(role, held) for name, held in zip(_PERMISSIONS, ROLES, strict=True)}


def role_named(permission: str) -> str:
    """Give the role that the API's word (pull, triage, push, maintain, admin) grants.

    Raises:
        InvalidFieldsError: it is none of them.
    """
    if permission not in _PERMISSIONS:
        raise InvalidFieldsError({"resource": "Repository", "field": "permission", "code": "invalid"})
    return ROLES[_PERMISSIONS.index(permission)]


def permission_of(role: str) -> str:
    """Give the API's word for a role."""
    return _PERMISSIONS[ROLES.index(role)]


def people(store: Store, repository: Json) -> list[str]:
    """List who has a role that somebody gave them, owners and members included, by login."""
    logins = (user["login"] for user in store.state["users"].values())
    return sorted(login for login in logins if [*_granted(store, repository, login)])


def _granted(store: Store, repository: Json, login: str) -> Iterator[str]:
    owner, name = repository["owner"], login.lower()
    if login.endswith("[bot]"):
        yield "write"
    membership = organization_role(store, owner, login)
    if membership == "admin" or name == owner.lower():
        yield "admin"
    if membership and store.organization(owner)["base_role"] != "none":
        yield store.organization(owner)["base_role"]
    yield from (role for given, role in repository["collaborators"].items() if given.lower() == name)
    for slug, role in repository["teams"].items():
        if name in {member.lower() for member in store.team(owner, slug)["members"]}:
            yield role
