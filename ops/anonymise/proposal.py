"""The rule that a column without one most likely needs."""

from ops.anonymise.catalogue import Column
from ops.anonymise.never_copied import is_never_read, names_a_secret

_BY_TYPE = {
    "uuid": "key",
    "json": "{json: {}}",
    "jsonb": "{json: {}}",
    "date": "shift",
    "timestamp": "shift",
    "timestamptz": "shift",
    **dict.fromkeys(("bool", "int2", "int4", "int8", "float4", "float8", "numeric"), "keep"),
}
_BY_NAME = {"mail": "email", "phone": "phone", "mobile": "phone"}


def propose(table: str, column: Column) -> str:
    """Give the rule as YAML; a person decides, and the proposal lets nothing out that names somebody."""
    if is_never_read(table, column.name):
        return "omit"
    nothing = "omit" if column.default else '{fixed: ""}' if column.required else "null"
    if column.words:
        if names_a_secret(column.name):
            return nothing
        return next((rule for part, rule in _BY_NAME.items() if part in column.name), "words")
    return nothing if column.array else _BY_TYPE.get(column.base, nothing)
