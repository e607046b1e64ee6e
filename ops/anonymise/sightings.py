"""A memory of fixed size for values that must not be found again."""

from release.error import ReleaseError

_BITS = 1 << 28  # 32 MiB each
_MASK = _BITS - 1
_WINDOW = 8
_STRIDE = 5  # a text of _WINDOW + _STRIDE - 1 characters holds, wherever it begins, one window at a multiple of it
_PREFIX = _WINDOW + _STRIDE - 1
_ENDS = tuple(range(_WINDOW, _PREFIX + 1))
_FULLEST = 0.5


class Sightings:
    """Remembers protected values by keyed hashes, and tells which parts of a text may be one of them.

    It never misses a value that is in a text, wherever that begins; it may suspect one that is not, which is then
    looked up in the source. A value is remembered by its first twelve bytes: the windows of eight bytes at their five
    offsets, of which each text has one at a multiple of five, and all twelve. Python's own hash of bytes is the keyed
    one (SipHash), its key drawn when the process starts.
    """

    def __init__(self) -> None:
        self._windows = bytearray(_BITS >> 3)
        self._tokens = bytearray(_BITS >> 3)

    def add(self, value: bytes) -> None:
        """Remember a value of at least twelve bytes."""
        windows = self._windows
        for end in _ENDS:
            bit = hash(value[end - _WINDOW : end]) & _MASK
            windows[bit >> 3] |= 1 << (bit & 7)
        self.add_token(value[:_PREFIX])

    def add_token(self, token: bytes) -> None:
        """Remember what is only looked for as a whole."""
        number, tokens = hash(token), self._tokens
        for bit in (number & _MASK, number >> 12 & _MASK, number >> 24 & _MASK, number >> 36 & _MASK):
            tokens[bit >> 3] |= 1 << (bit & 7)

    def may_have(self, token: bytes) -> bool:
        """Tell whether what was to be looked for as a whole may be this."""
        number, tokens = hash(token), self._tokens
        for bit in (number & _MASK, number >> 12 & _MASK, number >> 24 & _MASK, number >> 36 & _MASK):
            if not tokens[bit >> 3] & 1 << (bit & 7):
                return False
        return True

    def suspects(self, text: bytes) -> set[bytes]:
        """Give the first twelve bytes of each value that may begin somewhere in a text."""
        windows = self._windows
        found = set()
        for place in range(0, len(text) - _WINDOW + 1, _STRIDE):
            bit = hash(text[place : place + _WINDOW]) & _MASK
            if windows[bit >> 3] & 1 << (bit & 7):
                for begin in range(max(0, place - _STRIDE + 1), place + 1):
                    prefix = text[begin : begin + _PREFIX]
                    if len(prefix) == _PREFIX and self.may_have(prefix):
                        found.add(prefix)
        return found

    def check_room(self) -> None:
        """Make sure that the memory still tells values apart.

        Raises:
            ReleaseError: too many values were remembered.
        """
        fullest = max(int.from_bytes(part, "little").bit_count() for part in (self._windows, self._tokens)) / _BITS
        if fullest > _FULLEST:
            raise ReleaseError(
                "More distinct protected values were read than the scan can tell apart, so nothing was changed in"
                " staging. Remedy: take a part of the rows, with --sample or --fit."
            )
