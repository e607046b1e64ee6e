"""What no rule can bring out of production."""

import re

PEOPLE = "auth.users"

PLATFORM_SCHEMAS = frozenset(
    {
        "_analytics", "_realtime", "auth", "cron", "extensions", "graphql", "graphql_public", "information_schema",
        "net", "pgbouncer", "pgmq", "pgsodium", "pgsodium_masks", "realtime", "release", "repack", "storage",
        "supabase_functions", "supabase_migrations", "tiger", "topology", "vault",
    }
)  # fmt: skip
"""Schemas that the platform or a release keeps; of all their tables only auth.users can be copied."""

_SECRETS_OF_PEOPLE = frozenset(
    {
        "encrypted_password", "confirmation_token", "recovery_token", "email_change_token_new",
        "email_change_token_current", "phone_change_token", "reauthentication_token",
    }
)  # fmt: skip
# Names that columns of secrets have; a number so called (max_tokens) is none.
_SECRET_NAME = re.compile(
    r"(^|_)(passwords?|passwd|password_(hash|digest)|secret|api_key|private_key|([a-z]+_)?token)$", re.IGNORECASE
)


def is_platform(schema: str) -> bool:
    """Tell whether a schema is one of the platform's or PostgreSQL's own."""
    return schema in PLATFORM_SCHEMAS or schema.startswith("pg_")


def may_be_copied(table: str) -> bool:
    """Tell whether a rule for `schema.table` is accepted at all."""
    return table == PEOPLE or not is_platform(table.partition(".")[0])


def is_never_read(table: str, column: str) -> bool:
    """Tell whether not even the refresh may read a column: password hashes and tokens of accounts."""
    return table == PEOPLE and column in _SECRETS_OF_PEOPLE


def names_a_secret(column: str) -> bool:
    """Tell whether a text column of this name holds a secret, by all that its name says."""
    return _SECRET_NAME.search(column) is not None
