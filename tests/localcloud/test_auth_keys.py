import time

import jwt
import pytest

from localcloud.auth.keys import ProjectKeys

REF = "abcdefghijklmnopqrst"


@pytest.fixture(params=["new", "legacy"])
def keys(request: pytest.FixtureRequest) -> ProjectKeys:
    return ProjectKeys.generate(request.param, REF)


def test_keys_survive_json(keys: ProjectKeys) -> None:
    assert ProjectKeys.from_json(keys.to_json()) == keys


def test_own_tokens_are_accepted_and_others_refused(keys: ProjectKeys) -> None:
    token = keys.issue({"sub": "someone", "role": "authenticated"}, 60)

    assert keys.verify(token)["sub"] == "someone"
    for other in (ProjectKeys.generate("new", REF), ProjectKeys.generate("legacy", REF)):
        with pytest.raises(jwt.InvalidTokenError):
            other.verify(token)


def test_an_expired_token_is_refused(keys: ProjectKeys) -> None:
    with pytest.raises(jwt.ExpiredSignatureError):
        keys.verify(keys.issue({"sub": "someone"}, -1))


def test_a_token_without_signature_is_refused(keys: ProjectKeys) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        keys.verify(jwt.encode({"sub": "someone", "exp": time.time() + 60}, "", algorithm="none"))


def test_a_public_key_used_as_an_hmac_secret_is_refused() -> None:
    keys = ProjectKeys.generate("new", REF)
    forged = jwt.encode(
        {"role": "service_role", "exp": time.time() + 60},
        str(keys.jwks()).ljust(64),
        algorithm="HS256",
        headers={"kid": keys.jwks()["keys"][0]["kid"]},
    )

    with pytest.raises(jwt.InvalidTokenError):
        keys.verify(forged)


def test_the_published_keys_verify_tokens_and_hold_nothing_private() -> None:
    keys = ProjectKeys.generate("new", REF)
    (published,) = keys.jwks()["keys"]

    claims = jwt.decode(keys.issue({"sub": "x"}, 60), jwt.PyJWK(published).key, algorithms=["ES256"])

    assert claims["sub"] == "x"
    assert "d" not in published
    assert ProjectKeys.generate("legacy", REF).jwks() == {"keys": []}


def test_api_keys_stand_for_roles(keys: ProjectKeys) -> None:
    assert keys.role_of_api_key(keys.anon) == "anon"
    assert keys.role_of_api_key(keys.service_role) == "service_role"
    assert keys.role_of_api_key("sb_secret_of_somebody_else") is None
    assert keys.verify(keys.service_role)["ref"] == REF


def test_a_new_project_has_opaque_keys_and_a_legacy_one_has_none() -> None:
    new, legacy = ProjectKeys.generate("new", REF), ProjectKeys.generate("legacy", REF)

    assert (legacy.publishable, legacy.secret, legacy.signing_key) == (None, None, None)
    assert new.publishable is not None
    assert new.secret is not None
    assert new.role_of_api_key(new.publishable) == "anon"
    assert new.role_of_api_key(new.secret) == "service_role"


def test_disabled_legacy_keys_count_for_nothing() -> None:
    keys = ProjectKeys.from_json({**ProjectKeys.generate("new", REF).to_json(), "legacy_enabled": False})

    assert keys.role_of_api_key(keys.service_role) is None
    with pytest.raises(jwt.InvalidTokenError):
        keys.verify(keys.service_role)


def test_no_key_shows_in_the_representation(keys: ProjectKeys) -> None:
    shown = repr(keys)

    assert keys.jwt_secret not in shown
    assert keys.service_role not in shown
