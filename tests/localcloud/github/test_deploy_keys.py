from typing import Any

import pytest

from tests.localcloud.github.steps import KEY

KEYS = "/repos/mano-app/mano/keys"


def test_a_key_is_used_once(github: Any) -> None:
    made = github("POST", KEYS, {"title": "mirror", "key": f"{KEY} ada@laptop", "read_only": True})
    assert (made.status_code, made.json()["key"], made.json()["added_by"]) == (201, KEY, "ada")
    refused = github("POST", KEYS, {"key": KEY})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["message"] == "key is already in use"


@pytest.mark.parametrize("wrong", ["", "ssh-ed25519", "ssh-ed25519 not-base64", f"ssh-rsa {KEY.split()[1]}"])
def test_what_is_no_ssh_key_is_refused(github: Any, wrong: str) -> None:
    refused = github("POST", KEYS, {"key": wrong})
    assert refused.status_code == 422
    assert github("GET", KEYS).json() == []
