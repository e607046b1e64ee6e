"""Values as COPY's text format writes them: a line for each row, a tab between two values."""

import re
from typing import Any

NULL = b"\\N"

_READ = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_WRITTEN = {b"\b": b"\\b", b"\f": b"\\f", b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b"\v": b"\\v", b"\\": b"\\\\"}
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_SPECIAL = re.compile(rb"[\b\f\n\r\t\v\\]")


def unescape(field: bytes) -> bytes:
    """Give the value of a field that is not null."""
    if b"\\" not in field:
        return field
    return _ESCAPE.sub(lambda found: _READ.get(found[1], found[1]), field)


def escape(value: bytes) -> bytes:
    """Write a value as a field."""
    return _SPECIAL.sub(lambda found: _WRITTEN[found[0]], value)


def array_literal(items: Any) -> str:
    """Write a list, of lists where it has several dimensions, as PostgreSQL reads an array."""
    if isinstance(items, list):
        return "{" + ",".join(array_literal(item) for item in items) + "}"
    if items is None:
        return "NULL"
    quoted = str(items).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
