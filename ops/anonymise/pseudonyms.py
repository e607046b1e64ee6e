"""Stand-ins for values: the same for the same value within one refresh, and not to be led back after it."""

import hmac
import random
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import accumulate

from release.error import ReleaseError

# RFC 2606 reserves .invalid: nothing that is sent there arrives.
_MAIL_DOMAIN = "anonymised.invalid"
# ITU-T E.164 assigns country code 999 to nobody, so no call arrives.
_NO_COUNTRY = "999"
_STAND_IN_MAIL = re.compile(rb"u[0-9a-f]{20}@" + re.escape(_MAIL_DOMAIN).encode())
_STAND_IN_PHONE = re.compile(rb"\+?" + _NO_COUNTRY.encode() + rb"[0-9]{12}")
_KEY_LENGTH = 32
_SHORTEST_KEY = 16
MAIL_LENGTH = 21 + 1 + len(_MAIL_DOMAIN)
PHONE_LENGTH = 16
_WORDS = """
amber anchor april arrow autumn basin beacon birch bottle branch bridge bronze candle canyon cedar cellar
circle clover copper coral corner cotton cradle cricket crystal damson delta desert drift eagle early ember
engine fabric falcon fern field flint forest garden ginger glacier granite harbour hazel heron hollow island
ivory jasmine juniper kettle ladder lantern lemon linen lunar maple marble meadow mellow mineral morning
mosaic needle north nutmeg ocean olive opal orchard otter paper pebble pepper pillow plain planet poplar
prairie quartz quiet rain raven ribbon river rose saddle saffron salmon sand sage shadow shell silver slate
spring spruce stone summer sun table tender thistle thyme timber tulip tundra valley velvet violet walnut
water willow winter wool yarrow
"""
_KNOWN = frozenset(_WORDS.encode().split())
_BEGINNINGS = frozenset(word[:length] for word in _KNOWN for length in range(len(word) + 1))
_POOL_WORDS = 16_384
_LONGEST_SHIFT_DAYS = 180


class Pseudonyms:
    """The stand-ins of one refresh. Their key is made here, lies in memory alone and goes with the process."""

    def __init__(self) -> None:
        """Draw the key, the order of the words and the days by which dates are moved."""
        key = secrets.token_bytes(32)
        self._purposes = {
            purpose: hmac.new(key, purpose + b"\0", "sha256")
            for purpose in (b"key", b"email", b"phone", b"words", b"pool")
        }
        words = random.Random(self._digest(b"pool", b""))  # noqa: S311 - of the secret key; the words themselves say nothing
        chosen = words.choices(_WORDS.split(), k=_POOL_WORDS)
        self._starts = [0, *accumulate(len(word) + 1 for word in chosen[:-1])]
        self._pool = " ".join(chosen) + " "
        days = secrets.randbelow(_LONGEST_SHIFT_DAYS) + 1
        self._shift = timedelta(days=-days, seconds=-secrets.randbelow(86_400))

    def _digest(self, purpose: bytes, value: bytes) -> bytes:
        # The same as hmac.digest of all three, in half the time.
        begun = self._purposes[purpose].copy()
        begun.update(value)
        return begun.digest()

    def uuid(self, value: bytes) -> bytes:
        """Give another UUID (version 4), whatever the case of the first."""
        digits = self._digest(b"key", value.lower()).hex()
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}".encode()

    def key(self, value: bytes, limit: int | None) -> bytes:
        """Give letters and digits, at most `limit` of them; an empty text stays one."""
        return self._digest(b"key", value).hex()[: limit or _KEY_LENGTH][:_KEY_LENGTH].encode() if value else value

    def email(self, value: bytes) -> bytes:
        """Give an address where nothing arrives, whatever the case of the first; an empty text stays one."""
        digest = self._digest(b"email", value.strip().lower()).hex()
        return f"u{digest[:20]}@{_MAIL_DOMAIN}".encode() if value else value

    def phone(self, value: bytes) -> bytes:
        """Give a number that nobody has; an empty text stays one."""
        if not value:
            return value
        digits = bytes(byte for byte in value if byte in b"0123456789")
        number = int.from_bytes(self._digest(b"phone", digits)[:8]) % 10**12
        return f"{'+' if value.startswith(b'+') else ''}{_NO_COUNTRY}{number:012d}".encode()

    def words(self, value: bytes) -> bytes:
        """Give made-up words of the same number of characters, so that limits and layouts still see real sizes."""
        length = len(value) if value.isascii() else len(value.decode())
        place = int.from_bytes(self._digest(b"words", value)[:4])
        while len(self._pool) < self._starts[-1] + length:
            self._pool += self._pool
        for number in range(place, place + _POOL_WORDS):
            start = self._starts[number % _POOL_WORDS]
            text = self._pool[start : start + length].capitalize()
            words = (f"{text[:-1]}." if text.endswith(" ") else text).encode()
            if words != value or not length:
                return words
        raise AssertionError("words begin with more than one letter")

    def shift(self, value: bytes) -> bytes:
        """Move a date or a time by what is the same for all of a refresh; infinity stays.

        Raises:
            ReleaseError: it lies outside of what can be moved.
        """
        if value in {b"infinity", b"-infinity"}:
            return value
        try:
            moment = datetime.fromisoformat(value.decode())
            moved = moment + self._shift
        except (ValueError, OverflowError) as error:
            raise ReleaseError(
                "A date before the year 1, or one of another style than ISO, can't be moved. Nothing was changed."
                " Remedy: another rule for the column than `shift`."
            ) from error
        return (moved.date().isoformat() if len(value) == len("2026-01-01") else moved.isoformat(" ")).encode()


def _is_words(value: bytes) -> bool:
    """Tell whether a text has no other words than those that are made here; the last may be cut off."""
    *words, last = value.lower().split(b" ")
    return _KNOWN.issuperset(words) and last.rstrip(b".") in _BEGINNINGS


STAND_IN_FORMS: Mapping[str, Callable[[bytes], bool]] = {
    "email": lambda value: _STAND_IN_MAIL.fullmatch(value) is not None,
    "phone": lambda value: _STAND_IN_PHONE.fullmatch(value) is not None,
    "words": _is_words,
}
"""By rule, what tells that a value is plainly made by it, so that nothing of what it was made of is in it."""


def shortest(rule: str) -> int:
    """Give how many characters a column needs to have for a rule; 0 where any will do."""
    return {"key": _SHORTEST_KEY, "email": MAIL_LENGTH, "phone": PHONE_LENGTH}.get(rule, 0)
