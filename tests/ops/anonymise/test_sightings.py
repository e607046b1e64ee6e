import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.anonymise import sightings as module
from ops.anonymise.sightings import Sightings
from release.error import ReleaseError

SIGHTINGS = Sightings()


@settings(deadline=None)
@given(st.binary(min_size=12, max_size=60), st.binary(max_size=40), st.binary(max_size=40))
def test_a_value_is_suspected_wherever_it_stands(value: bytes, before: bytes, after: bytes) -> None:
    SIGHTINGS.add(value)
    assert value[:12] in SIGHTINGS.suspects(before + value + after)


def test_other_texts_are_not_suspected() -> None:
    sightings = Sightings()
    for number in range(2000):
        sightings.add(f"value number {number} that is protected".encode())
    found = [
        prefix for number in range(2000) for prefix in sightings.suspects(f"{number}: quite another text".encode())
    ]
    assert found == []
    assert sightings.suspects(b"value numbe") == set()
    assert sightings.may_have(b"mail\0nobody@example.com") is False


def test_a_memory_that_is_full_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BITS", 1 << 10)
    monkeypatch.setattr(module, "_MASK", (1 << 10) - 1)
    sightings = Sightings()
    sightings.add(b"one value of some length")
    sightings.check_room()
    for number in range(500):
        sightings.add(f"{number} and twelve more".encode())
    with pytest.raises(ReleaseError, match="take a part of the rows"):
        sightings.check_room()
