"""What the caller of a request may do: what the token holds, bounded by the role of the user that it acts as."""

from collections.abc import Mapping

from localcloud.github.errors import ForbiddenError, NotAccessibleError, NotFoundError
from localcloud.github.permissions import LEVELS, PUBLIC, alternatives
from localcloud.github.roles import includes, organization_role, role_of
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken

# What a user must be on a repository for a permission of their token to be of use (docs.github.com, "Repository roles
# for an organization"); anything else takes the role "read". Whoever may read may open issues and pull requests, and
# whoever may write manages secrets, which the settings page hides from them (cli/cli#7100).
_ROLES: Mapping[tuple[str, str], str] = {
    ("administration", "read"): "admin",
    ("administration", "write"): "admin",
    ("repository_hooks", "read"): "admin",
    ("repository_hooks", "write"): "admin",
    **{(name, level): "write" for name in ("secrets", "environments", "actions_variables") for level in LEVELS},
    **{(name, "write"): "write" for name in ("contents", "actions", "checks", "statuses", "deployments")},
}
# Operations that take another role than their permission, by the beginning of method and template.
_SPECIAL: Mapping[str, str] = {
    "POST /repos/{owner}/{repo}/forks": "read",
    "PUT /repos/{owner}/{repo}/topics": "maintain",
    **{f"{method} /repos/{{owner}}/{{repo}}/labels": "write" for method in ("POST", "PATCH", "DELETE")},
    "PUT /repos/{owner}/{repo}/issues/{issue_number}/labels": "triage",
    "POST /repos/{owner}/{repo}/issues/{issue_number}/labels": "triage",
    "DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels": "triage",
}


class Authority:
    """The rights of one token on the objects of a store."""

    def __init__(self, store: Store, token: GitHubToken) -> None:
        """Take the state, inside a transaction, and the token."""
        self._store = store
        self._token = token

    def sees(self, repository: Json) -> bool:
        """Tell whether the caller may know that a repository exists."""
        if not repository["private"]:
            return True
        return self._reaches(repository) and self._grants("metadata", "read") and self._role(repository) is not None

    def holds(self, repository: Json, permission: str, level: str) -> bool:
        """Tell whether the caller has a permission on a repository, with the role that it takes."""
        try:
            self.require(repository, [{permission: level}])
        except (ForbiddenError, NotFoundError):
            return False
        return True

    def owns(self, organization: str, permission: str, level: str) -> bool:
        """Tell whether the caller is an owner of an organisation whose token holds a permission on it."""
        role = organization_role(self._store, organization, self._token.login)
        return role == "admin" and self._grants(permission, level)

    def require(self, repository: Json, sets: list[Mapping[str, str]], special: str = "") -> None:
        """Require one of some sets of permissions on a repository.

        Args:
            repository: the repository.
            sets: each is the level by permission.
            special: method and template, where an operation is meant.

        Raises:
            NotFoundError: the caller may not know of the repository, or not of such a part of it.
            NotAccessibleError: the token holds none of the sets.
            ForbiddenError: the user's role is not enough.
        """
        if not self.sees(repository):
            raise NotFoundError
        held = next((one for one in sets if all(self._has(repository, *pair) for pair in one.items())), None)
        if held is None:
            raise NotAccessibleError(app=self._token.app_id is not None)
        if self._token.app_id is None:
            self._require_role(repository, held, special)

    def require_organization(self, organization: str, sets: list[Mapping[str, str]]) -> None:
        """Require one of some sets of permissions on an organisation; to know its people takes being one of them.

        Raises:
            NotFoundError: there is no such organisation, or the caller is nobody in it, or no owner where it takes one.
            NotAccessibleError: the token holds none of the sets.
        """
        login = self._store.organization(organization)["login"]
        if not any(all(self._grants(*pair) for pair in one.items()) for one in sets):
            raise NotAccessibleError(app=self._token.app_id is not None)
        wanted = ["admin"] if sets != [{"members": "read"}] else ["admin", "member"]
        if self._token.app_id is None and organization_role(self._store, login, self._token.login) not in wanted:
            raise NotFoundError

    def _require_role(self, repository: Json, held: Mapping[str, str], special: str) -> None:
        exact = {role for beginning, role in _SPECIAL.items() if special.startswith(beginning)}
        wanted = exact or {_ROLES.get(pair, "read") for pair in held.items()}
        role = self._role(repository)
        if all(includes(role, one) for one in wanted):
            return
        if "admin" in wanted and "write" not in held.values():
            raise NotFoundError
        kind = "admin rights" if "admin" in wanted else "push access"
        raise ForbiddenError(f"Must have {kind} to Repository.")

    def _has(self, repository: Json, permission: str, level: str) -> bool:
        if not repository["private"] and level == "read" and permission in PUBLIC:
            return True
        return self._reaches(repository) and self._grants(permission, level)

    def _grants(self, permission: str, level: str) -> bool:
        if self._token.permissions is None:
            return True
        given = self._token.permissions.get(permission)
        return given is not None and LEVELS.index(given) >= LEVELS.index(level)

    def _reaches(self, repository: Json) -> bool:
        only = self._token.repositories
        full_name = f"{repository['owner']}/{repository['name']}".lower()
        return only is None or full_name in {name.lower() for name in only}

    def _role(self, repository: Json) -> str | None:
        return role_of(self._store, repository, self._token.login)


def authorize(authority: Authority, store: Store, accepted: str, special: str, parameters: Mapping[str, str]) -> None:
    """Refuse a REST call that its caller may not make.

    Args:
        authority: the caller's.
        store: the state.
        accepted: what the operation needs, as its header says.
        special: method and path template.
        parameters: the path's parameters.

    Raises:
        NotFoundError: there is no such thing, as far as the caller may know.
        ForbiddenError: the token or its user may not do that.
    """
    sets = alternatives(accepted)
    if "repo" in parameters:
        authority.require(store.repository(parameters["owner"], parameters["repo"]), sets, special)
    elif "repository_id" in parameters:
        authority.require(store.by_id("repositories", parameters["repository_id"]), sets, special)
    elif sets != [{}]:
        organization = parameters.get("org") or store.by_id("organizations", parameters["org_id"])["login"]
        authority.require_organization(organization, sets)
