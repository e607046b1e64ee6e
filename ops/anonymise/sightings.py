"""A memory of fixed size for what was seen."""

_BITS = 1 << 28  # 32 MiB
_MASK = _BITS - 1
WINDOW = 12


class Sightings:
    """Remembers what staging holds, and tells whether something may be among it.

    It never forgets; it may take one thing for another, so what it knows is looked up afterwards. A text is remembered
    by all its windows of twelve bytes, other things as a whole. Python's own hash of bytes is the keyed one (SipHash),
    its key drawn when the process starts.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BITS >> 3)

    def add(self, token: bytes) -> None:
        """Remember something as a whole."""
        number, bits = hash(token), self._bits
        for bit in (number & _MASK, number >> 14 & _MASK, number >> 28 & _MASK):
            bits[bit >> 3] |= 1 << (bit & 7)

    def add_text(self, text: bytes) -> None:
        """Remember every part of a text that is twelve bytes long."""
        for begin in range(len(text) - WINDOW + 1):
            self.add(text[begin : begin + WINDOW])

    def may_have(self, token: bytes) -> bool:
        """Tell whether this may have been seen, a window as well."""
        number, bits = hash(token), self._bits
        bit = number & _MASK
        if not bits[bit >> 3] & 1 << (bit & 7):
            return False
        return all(bits[bit >> 3] & 1 << (bit & 7) for bit in (number >> 14 & _MASK, number >> 28 & _MASK))
