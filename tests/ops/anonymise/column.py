from typing import Any

from ops.anonymise.catalogue import Column


def column(name: str = "c", base: str = "text", **changed: Any) -> Column:
    words = base in {"text", "varchar"}
    fields: dict[str, Any] = {
        "name": name, "type": base, "base": base, "array": False, "words": words,
        "text": words or base in {"json", "jsonb", "bytea"}, "limit": None, "required": False, "default": False,
        "generated": False,
    }  # fmt: skip
    return Column(**fields | changed)
