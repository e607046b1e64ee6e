"""What one clear error is, and what to try: documents of every kind and every mistake in a right one."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pulumi
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from provider.plugin.errors import SupabaseError
from release.error import ReleaseError
from settings.error import SettingsError

OURS = (ReleaseError, SettingsError, SupabaseError, pulumi.RunError)
_INTERNALS = ("Traceback", "<class ", " object at 0x", "data_model=", "[Errno", "NoneType", "mappingproxy(")
_LONGEST = 20_000

RELAXED = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Names with what breaks lines, paths, terminals and encodings.
NAMES = st.text(max_size=12) | st.sampled_from(
    ["", "..", "a/b", "a b", "a\nb", "\x1b[31m", "\ud800", "ä", "\u202e", "${x}", "a" * 300]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMES | st.just(10**400)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
DEEP = "[" * 20_000 + "]" * 20_000


def told(work: Callable[[], object]) -> str | None:
    """Give the error with which something is refused, once it is seen to be a clear one; None where it is taken."""
    try:
        work()
    except OURS as error:
        text = str(error)
        assert_clear(text)
        return text
    return None


def assert_clear(text: str) -> None:
    """Hold a text against what a reader can use: cause, consequence and remedy, in lines that can be printed."""
    assert text.strip()
    assert "Remedy: " in text, text
    assert [mark for mark in _INTERNALS if mark in text] == [], text
    assert len(text) < _LONGEST
    strange = [character for character in text if not character.isprintable() and character not in "\n\t"]
    assert strange == [], repr(text)


def contents(folder: Path) -> dict[str, bytes]:
    """Give what stands below a folder, to see that nothing was written."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@st.composite
def mistaken(draw: st.DrawFn, document: Any) -> Any:
    """Give a document with one part replaced, removed, or with a key that it should not have."""
    changed = deepcopy(document)
    places = list(_places(changed))
    holder, key = draw(st.sampled_from(places))
    if draw(st.integers(0, 3)) == 0:
        del holder[key]
    elif isinstance(holder, dict) and draw(st.integers(0, 3)) == 0:
        holder[draw(NAMES)] = draw(JSON)
    else:
        holder[key] = draw(JSON)
    return changed


def _places(part: Any) -> Any:
    entries = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in list(entries):
        yield part, key
        yield from _places(value)
