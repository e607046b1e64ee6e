"""The rule that a column without one most likely needs."""

from ops.anonymise.catalogue import Column
from ops.anonymise.never_copied import is_never_read, names_a_secret

_PROPOSED_BY_TYPE = {
    "uuid": "key",
    "json": "{json: {}}",
    "jsonb": "{json: {}}",
    "date": "shift",
    "timestamp": "shift",
    "timestamptz": "shift",
}


def propose(table: str, column: Column) -> str:
    """Give the rule as YAML; a person decides, and the proposal lets nothing out that names somebody."""
    if is_never_read(table, column.name):
        return "omit"
    if column.text and column.base not in {"json", "jsonb"}:
        return _text_rule(column)
    return _PROPOSED_BY_TYPE.get(column.base, "keep")


def _text_rule(column: Column) -> str:
    if column.base in {"bytea", "xml", "hstore", "tsvector"} or names_a_secret(column.name):
        return "null" if not column.required else '{fixed: ""}'
    for part, rule in (("email", "email"), ("mail", "email"), ("phone", "phone"), ("mobile", "phone")):
        if part in column.name:
            return rule
    return "words"
