import json

from hypothesis import given
from hypothesis import strategies as st

from ops.anonymise.copy_text import array_literal, escape, unescape

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(TEXTS)
def test_a_field_has_neither_tabs_nor_line_ends_and_reads_back(text: str) -> None:
    field = escape(text.encode())
    assert not set(field) & set(b"\t\n\r")
    assert unescape(field).decode() == text


def test_what_postgresql_writes_is_read() -> None:
    assert unescape(rb"a\tb\\N\nc\x") == b"a\tb\\N\ncx"


def test_arrays_of_several_dimensions_quotes_and_nothing() -> None:
    items = json.loads('[["a\\"b", null], ["c\\\\d", "{e,f}"]]')
    assert array_literal(items) == '{{"a\\"b",NULL},{"c\\\\d","{e,f}"}}'
