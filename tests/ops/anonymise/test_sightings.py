from hypothesis import given, settings
from hypothesis import strategies as st

from ops.anonymise.sightings import WINDOW, Sightings

SIGHTINGS = Sightings()


@settings(deadline=None)
@given(st.binary(min_size=WINDOW, max_size=60), st.binary(max_size=40), st.binary(max_size=40))
def test_a_value_is_known_wherever_it_stood(value: bytes, before: bytes, after: bytes) -> None:
    SIGHTINGS.add_text(before + value + after)
    assert SIGHTINGS.may_have(value[:WINDOW])


def test_other_things_are_not_known() -> None:
    sightings = Sightings()
    for number in range(2000):
        sightings.add_text(f"text number {number} that was seen".encode())
        sightings.add(f"mail\0person{number}@example.com".encode())
    found = [number for number in range(2000) if sightings.may_have(f"{number}: quite another text".encode()[:WINDOW])]
    assert found == []
    assert sightings.may_have(b"mail\0person7@example.com")
    assert not sightings.may_have(b"mail\0person2001@example.com")


def test_a_text_that_is_shorter_than_a_window_has_none() -> None:
    sightings = Sightings()
    sightings.add_text(b"short text")
    assert not sightings.may_have(b"short text")
