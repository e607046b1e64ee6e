"""Takes over what GitHub has already, instead of failing because it exists."""

from collections.abc import Callable, Iterable

from components.github_reads import PLUGIN_VERSION, in_form, read_all, read_github
from provider.pending_invoke import PendingInvoke

Find = Callable[[], str | None]


class Adoption:
    """Knows what this stack's state has, and finds by name on GitHub what it lacks.

    An object is looked up only while the state lacks it: a second run asks nothing, and an import id that comes and
    goes would make the engine import over what it has itself created.

    Args:
        owner: the repository's owner.
        repository: its name.
        state: the URNs that the stack's state has.
    """

    def __init__(self, owner: str, repository: str, state: Iterable[str]) -> None:
        self._path = f"repos/{owner}/{repository}"
        self._repository = repository
        # The URNs alone are used: the state holds no id here, and values are nobody's business.
        self._known = frozenset(_type_and_name(urn) for urn in state)

    def knows(self, kind: str) -> bool:
        """Tell whether the state has any resource of this type."""
        return any(known == kind for known, _ in self._known)

    def has(self, kind: str, name: str) -> bool:
        """Tell whether the state has a resource of this type and name."""
        return (kind, name) in self._known

    def protection(self, name: str, pattern: str) -> str | None:
        """Give the import id of the protection rule with this pattern."""

        def find() -> str | None:
            kind = "github:index/getBranchProtectionRules:getBranchProtectionRules"
            asked = PendingInvoke(kind, {"repository": self._repository}, version=PLUGIN_VERSION)
            found = any(rule["pattern"] == pattern for rule in asked.answer()["rules"])
            return f"{self._repository}:{pattern}" if found else None

        return self._unless_known("github:index/branchProtection:BranchProtection", name, find)

    def ruleset(self, name: str, ruleset: str) -> str | None:
        """Give the import id of the ruleset of this name."""

        def find() -> str | None:
            found = (entry["id"] for entry in read_all(f"{self._path}/rulesets") if entry["name"] == ruleset)
            return next((f"{self._repository}:{number}" for number in found), None)

        return self._unless_known("github:index/repositoryRuleset:RepositoryRuleset", name, find)

    def has_lost_reviewers(self, name: str, environment: str) -> bool:
        """Tell whether an environment of the state, declared with reviewers, has none any more."""
        if not self.has("github:index/repositoryEnvironment:RepositoryEnvironment", name):
            return False
        live = read_github(f"{self._path}/environments/{environment}")
        rules = (live or {"protection_rules": [{"type": "required_reviewers"}]})["protection_rules"]
        return not any(rule["type"] == "required_reviewers" for rule in rules)

    def environment(self, name: str, environment: str) -> str | None:
        """Give the import id of an Actions environment."""
        path, identifier = f"environments/{environment}", f"{self._repository}:{environment}"
        return self._unless_known(
            "github:index/repositoryEnvironment:RepositoryEnvironment", name, lambda: self._exists(path, identifier)
        )

    def branch_policy(self, name: str, environment: str, pattern: str) -> str | None:
        """Give the import id of an environment's deployment branch policy."""

        def find() -> str | None:
            path = f"{self._path}/environments/{environment}"
            if read_github(path) is None:
                return None
            policies = read_all(f"{path}/deployment-branch-policies", "branch_policies")
            found = (entry["id"] for entry in policies if entry["name"] == pattern)
            return next((f"{self._repository}:{environment}:{number}" for number in found), None)

        kind = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
        return self._unless_known(kind, name, find)

    def environment_variable(self, name: str, environment: str, variable: str) -> str | None:
        """Give the import id of an environment's variable."""
        path = f"environments/{environment}/variables/{variable}"
        identifier = f"{self._repository}:{environment}:{variable}"
        kind = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"
        return self._unless_known(kind, name, lambda: self._exists(path, identifier))

    def variable(self, name: str, variable: str) -> str | None:
        """Give the import id of a repository's variable."""
        path, identifier = f"actions/variables/{variable}", f"{self._repository}:{variable}"
        kind = "github:index/actionsVariable:ActionsVariable"
        return self._unless_known(kind, name, lambda: self._exists(path, identifier))

    def label(self, name: str, label: str) -> str | None:
        """Give the import id of an issue label."""
        path, identifier = f"labels/{label}", f"{self._repository}:{label}"
        return self._unless_known("github:index/issueLabel:IssueLabel", name, lambda: self._exists(path, identifier))

    def _exists(self, path: str, identifier: str) -> str | None:
        return None if read_github(f"{self._path}/{path}") is None else identifier

    def _unless_known(self, kind: str, name: str, find: Find) -> str | None:
        with in_form(f"about what {name} could take over"):
            return None if self.has(kind, name) else find()


def _type_and_name(urn: str) -> tuple[str, str]:
    _, _, types, name = urn.split("::", maxsplit=3)
    return types.rsplit("$", maxsplit=1)[-1], name
