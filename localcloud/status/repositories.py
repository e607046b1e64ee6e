"""What the page tells of the repositories: pull requests, rules, environments, variables, secrets by name alone."""

from localcloud.github.store import Json
from localcloud.status import pull_requests, rules
from localcloud.status.rules import People


def describe(state: Json) -> list[Json]:
    """Give the repositories as JSON; times are ISO 8601 of the local cloud's clock.

    Args:
        state: the local GitHub's, as it was committed.
    """
    people = People(state)
    return [_repository(repository, people) for repository in state["repositories"].values()]


def _repository(repository: Json, people: People) -> Json:
    environments = sorted(repository["environments"].values(), key=lambda environment: str(environment["name"]))
    return {
        "name": f"{repository['owner']}/{repository['name']}",
        "default_branch": repository["default_branch"],
        "pull_requests": pull_requests.open_ones(repository),
        "protections": [
            {"pattern": rule["pattern"], "words": rules.protection(rule, people)}
            for rule in sorted(repository["protections"].values(), key=lambda rule: str(rule["pattern"]))
        ],
        "rulesets": [
            {
                "name": ruleset["name"],
                "scope": rules.ruleset_scope(ruleset),
                "enforced": ruleset["enforcement"] == "active",
                "words": rules.ruleset(ruleset, people),
            }
            for ruleset in sorted(repository["rulesets"].values(), key=lambda ruleset: str(ruleset["name"]))
        ],
        "environments": [
            {"name": environment["name"], "words": rules.environment(environment, people), **_values(environment)}
            for environment in environments
        ],
        **_values(repository),
    }


def _values(owner: Json) -> Json:
    """List the secrets and variables of a repository or an environment."""
    return {
        kind: [{field: item[field] for field in fields} for _, item in sorted(owner[kind].items())]
        for kind, fields in (("secrets", ("name", "updated_at")), ("variables", ("name", "value", "updated_at")))
    }
