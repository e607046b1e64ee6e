"""The copy of a state for previews: no value of a secret is left, and its form is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.preview import withhold_configuration
from ops.share_state import preview_backend
from ops.withheld_state import withhold
from release.error import ReleaseError
from settings.reading import PUBLIC_ENCRYPTION_SALT
from settings.withheld import WITHHELD

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(min_size=1).map(lambda text: f"canary-{text}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def secret(value: Any) -> dict[str, str]:
    return {SIGNATURE: SECRET, "plaintext": json.dumps(value)}


def state(**outputs: Any) -> dict[str, Any]:
    return {"version": 3, "deployment": {"secrets_providers": {"type": "service"}, "resources": [{"outputs": outputs}]}}


@given(VALUES)
def test_no_secret_text_is_left(value: Any) -> None:
    hidden = withhold(state(token=secret(value), plain="as it was", deep=[{"more": secret(value)}]))
    assert "canary-" not in json.dumps(hidden)
    assert hidden["deployment"]["resources"][0]["outputs"]["plain"] == "as it was"


def test_names_and_form_stay() -> None:
    hidden = withhold(state(secrets=secret({"A": "one", "B": ["two", 3]})))
    kept = json.loads(hidden["deployment"]["resources"][0]["outputs"]["secrets"]["plaintext"])
    assert kept == {"A": WITHHELD, "B": [WITHHELD, None]}
    assert hidden["deployment"]["secrets_providers"] == {
        "type": "passphrase",
        "state": {"salt": PUBLIC_ENCRYPTION_SALT},
    }


def test_a_stack_file_loses_its_encryption_and_what_is_encrypted() -> None:
    config = {"app:TOKEN": {"secure": "v1:abc"}, "app:repository": "app", "app:branch": {"name": "main"}}
    document = {"secretsprovider": "awskms://x", "encryptedkey": "k", "config": config}
    assert withhold_configuration(document) == {
        "encryptionsalt": PUBLIC_ENCRYPTION_SALT,
        "config": {"app:repository": "app", "app:branch": {"name": "main"}},
    }


@pytest.mark.parametrize("backend", ["", "file:///the-stacks-own"])
def test_previews_have_a_backend_of_their_own(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///the-stacks-own")
    monkeypatch.setenv("PREVIEW_BACKEND_URL", backend)
    with pytest.raises(ReleaseError, match="PREVIEW_BACKEND_URL"):
        preview_backend()
