"""What of a value must not be found in staging."""

import re
from collections.abc import Iterator
from typing import Any

SHORTEST = 12
"""How many characters a value needs before the scan looks for it: shorter ones occur by chance."""

_MAIL = re.compile(rb"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(rb"\d[\d ()./-]{5,}\d(?![\w-])")
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NO_DIGIT = re.compile(rb"\D")
_SHORTEST_PHONE = 7


def mails(text: bytes) -> Iterator[bytes]:
    """Give the e-mail addresses in a text, in small letters."""
    if b"@" in text:
        for found in _MAIL.finditer(text):
            yield found[0].lower()


def phones(text: bytes) -> Iterator[bytes]:
    """Give what looks like a phone number in a text, as digits."""
    for found in _PHONE.finditer(text):
        yield _NO_DIGIT.sub(b"", found[0])


def uuids(text: bytes) -> Iterator[bytes]:
    """Give the UUIDs in a text, in small letters."""
    if b"-" in text:
        for found in _UUID.finditer(text):
            yield found[0].lower()


def phone_digits(value: bytes) -> bytes | None:
    """Give the digits of a value that is a phone number; None where they are too few to look for."""
    digits = _NO_DIGIT.sub(b"", value)
    return digits if len(digits) >= _SHORTEST_PHONE else None


def tokens_of(kind: str, value: bytes) -> list[bytes]:
    """Give what is looked for as a whole of a protected value.

    Args:
        kind: `phone`, `uuid` or `text`.
        value: the value.
    """
    if kind == "uuid":
        return [b"uuid\0" + value]
    tokens = [b"mail\0" + address for address in mails(value)]
    if kind == "phone" and (digits := phone_digits(value)):
        tokens.append(b"phone\0" + digits)
    return tokens


def tokens_in(text: bytes) -> Iterator[bytes]:
    """Give what in a text of staging may be such a value."""
    for address in mails(text):
        yield b"mail\0" + address
    for digits in phones(text):
        yield b"phone\0" + digits
    for found in uuids(text):
        yield b"uuid\0" + found


def is_long(value: bytes) -> bool:
    """Tell whether a value has so many characters that the scan looks for it."""
    return len(value) >= SHORTEST and (value.isascii() or len(value.decode(errors="replace")) >= SHORTEST)


def texts_of(document: Any) -> Iterator[str]:
    """Give every text in a JSON document, names of fields left out."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for part in document.values():
            yield from texts_of(part)
    elif isinstance(document, list):
        for part in document:
            yield from texts_of(part)
