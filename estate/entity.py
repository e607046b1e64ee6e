"""One thing that GitHub or Supabase should have, in a form that can be compared with what they say they have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Value = str | int | bool | None | tuple[str, ...]
"""What a field holds; lists are sorted tuples of texts, since no order in these settings means anything."""


class Kind(StrEnum):
    """What an entity is, in the words of GitHub and Supabase."""

    BRANCH = "branch"
    PROTECTION_RULE = "protection rule"
    RULESET = "ruleset"
    ENVIRONMENT = "environment"
    ENVIRONMENT_SECRET = "environment secret"  # noqa: S105 - a kind, no secret
    ENVIRONMENT_VARIABLE = "environment variable"
    REPOSITORY_SECRET = "repository secret"  # noqa: S105
    REPOSITORY_VARIABLE = "repository variable"
    REPOSITORY = "repository"
    ACTIONS = "Actions permissions"
    LABEL = "label"
    ADMINISTRATOR = "administrator"
    DEPLOY_KEY = "deploy key"
    WEBHOOK = "webhook"
    PROJECT = "project"
    AUTH_SETTINGS = "Auth settings"
    DATABASE_ACCESS = "database access"
    CUSTOM_HOSTNAME = "custom hostname"
    FUNCTION_SECRET = "function secret"  # noqa: S105
    FUNCTION = "function"
    MIGRATION = "migration"


@dataclass(frozen=True, kw_only=True)
class Entity:
    """One declared thing.

    Attributes:
        kind: what it is.
        name: tells it from others of its kind; that of a secret of an environment is `ENVIRONMENT/NAME`.
        fields: what it should say, by the names that the platform's API has for them. Secrets have none: their values
            can't be read back.
    """

    kind: Kind
    name: str
    fields: Mapping[str, Value] = field(default_factory=dict)
