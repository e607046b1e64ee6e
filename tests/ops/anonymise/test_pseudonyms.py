import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.anonymise.pseudonyms import MAIL_LENGTH, PHONE_LENGTH, STAND_IN_FORMS, Pseudonyms
from release.error import ReleaseError

ONE, OTHER = Pseudonyms(), Pseudonyms()


def test_the_same_value_has_the_same_stand_in_within_one_refresh_alone() -> None:
    value = str(uuid4()).encode()
    assert ONE.uuid(value) == ONE.uuid(value.upper()) != value
    assert UUID(ONE.uuid(value).decode()).version == 4
    assert ONE.uuid(value) != OTHER.uuid(value)
    assert ONE.key(b"abc", None) == ONE.key(b"abc", 50) != OTHER.key(b"abc", None)
    assert ONE.key(b"abc", 20) == ONE.key(b"abc", None)[:20]
    assert ONE.email(b"Ada@Example.com") == ONE.email(b" ada@example.com") != ONE.email(b"ada@example.org")
    assert ONE.phone(b"+49 171 1") == b"+" + ONE.phone(b"491711")


def test_stand_ins_reach_nobody_and_have_the_length_that_is_asked_of_columns() -> None:
    assert re.fullmatch(rb"u[0-9a-f]{20}@anonymised\.invalid", ONE.email(b"a@b.de"))
    assert len(ONE.email(b"a@b.de")) == MAIL_LENGTH
    assert re.fullmatch(rb"\+999[0-9]{12}", ONE.phone(b"+1"))
    assert len(ONE.phone(b"+1")) == PHONE_LENGTH


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_words_have_as_many_characters_and_are_never_the_value(text: str) -> None:
    words = ONE.words(text.encode()).decode()
    assert len(words) == len(text)
    assert words != text
    assert words[-1] != " "


def test_long_texts_and_empty_ones() -> None:
    assert len(ONE.words(b"x" * 300_000)) == 300_000
    assert [make(b"") for make in (ONE.words, ONE.email, ONE.phone)] == [b"", b"", b""]
    assert ONE.key(b"", None) == b""


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_what_is_made_here_is_known_by_its_form(text: str) -> None:
    value = text.encode()
    made = {"words": ONE.words(value), "email": ONE.email(value), "phone": ONE.phone(value)}
    assert [rule for rule, stand_in in made.items() if not STAND_IN_FORMS[rule](stand_in)] == []


@pytest.mark.parametrize("text", [b"Ada Lovelace", b"river of Ada", b"u0@anonymised.invalid", b"999123", b"amber\tsky"])
def test_what_was_made_elsewhere_is_not(text: bytes) -> None:
    assert [rule for rule, is_stand_in in STAND_IN_FORMS.items() if is_stand_in(text)] == []


def test_dates_move_together() -> None:
    (a, b), (c, d) = (
        (ONE.shift(f"2026-0{month}-05 09:00:00.5+00".encode()), ONE.shift(f"2026-0{month}-05 09:00:10+00".encode()))
        for month in (1, 2)
    )
    assert a < b < c < d
    assert a != b"2026-01-05 09:00:00.5+00"
    assert len(ONE.shift(b"1990-05-01")) == 10
    assert ONE.shift(b"1990-05-01") < b"1990-05-01"
    assert ONE.shift(b"infinity") == b"infinity"


def test_a_date_that_can_t_be_moved_is_an_error_without_the_date() -> None:
    with pytest.raises(ReleaseError, match="another rule for the column") as caught:
        ONE.shift(b"0044-03-15 BC")
    assert "0044" not in str(caught.value)
