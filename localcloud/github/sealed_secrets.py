"""Actions secrets of repositories and environments: sealed by the client, opened once, kept as a digest."""

import binascii
import hashlib
import re
from base64 import b64decode, b64encode

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from localcloud.github.environments import environment_of
from localcloud.github.errors import UnprocessableError
from localcloud.github.operations import ENVIRONMENT, NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.store import Json, found

_COLLECTIONS = (
    REPOSITORY + "/actions/secrets",
    ENVIRONMENT + "/secrets",
    # What the Terraform provider calls; GitHub answers it, but no longer documents it.
    "/repositories/{repository_id}/environments/{environment_name}/secrets",
)
_ITEMS = tuple(f"{collection}/{{secret_name}}" for collection in _COLLECTIONS)
_MAX_VALUE = 48 * 1024  # bytes
_MAX_SECRETS = 100  # in a repository, and in an environment
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


def canonical_name(name: str, kind: str) -> str:
    """Give the name as GitHub stores it: in capitals.

    Args:
        name: of a secret or variable.
        kind: "Secret" or "Variable", for the message.

    Raises:
        UnprocessableError: GitHub does not allow the name.
    """
    if not _NAME.fullmatch(name.upper()):
        raise UnprocessableError(
            f"{kind} names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
            "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
        )
    if name.upper().startswith("GITHUB_"):
        raise UnprocessableError(f"{kind} names must not start with GITHUB_.")
    return name.upper()


@operation("GET", *(f"{collection}/public-key" for collection in _COLLECTIONS))
def get_public_key(call: Call) -> Answer:
    """Give the key that values are sealed with."""
    _secrets(call)
    key = _private_key(call).public_key
    return Answer(body={"key_id": call.repository["sealing_key"]["id"], "key": b64encode(bytes(key)).decode()})


@operation("GET", *_COLLECTIONS)
def list_secrets(call: Call) -> Answer:
    """List the secrets' names and dates."""
    return call.page([_secret_json(secret) for secret in _secrets(call).values()], "secrets")


@operation("GET", *_ITEMS)
def get_secret(call: Call) -> Answer:
    """Show a secret's name and dates."""
    return Answer(body=_secret_json(_secret(call)))


@operation("PUT", *_ITEMS)
def put_secret(call: Call) -> Answer:
    """Store a secret: 201 for a new one, 204 for a replaced one.

    Raises:
        UnprocessableError: sealed with another key, no sealed box at all, too large, or one too many.
    """
    name = canonical_name(call.parameters["secret_name"], "Secret")
    sealed, key_id = call.required("encrypted_value", str), call.required("key_id", str)
    if key_id != call.repository["sealing_key"]["id"]:
        raise UnprocessableError("Secret was not encrypted with the repository's current public key: read it again.")
    try:
        value = SealedBox(_private_key(call)).decrypt(b64decode(sealed, validate=True))
    except (CryptoError, binascii.Error):
        raise UnprocessableError("Secret could not be decrypted with the repository's key.") from None
    if len(value) > _MAX_VALUE:
        raise UnprocessableError(f"Secret value is too large: the maximum is {_MAX_VALUE // 1024} KB.")
    former = _secrets(call).get(name.lower())
    if former is None and len(_secrets(call)) >= _MAX_SECRETS:
        raise UnprocessableError(f"Maximum number of secrets reached: {_MAX_SECRETS}.")
    dates = {"created_at": former["created_at"] if former else call.store.now(), "updated_at": call.store.now()}
    _secrets(call)[name.lower()] = {"name": name, "sha256": hashlib.sha256(value).hexdigest(), **dates}
    return NO_CONTENT if former else Answer(body={}, status=201)


@operation("DELETE", *_ITEMS)
def delete_secret(call: Call) -> Answer:
    """Delete a secret."""
    del _secrets(call)[_secret(call)["name"].lower()]
    return NO_CONTENT


def _secrets(call: Call) -> dict[str, Json]:
    owner = environment_of(call) if "environment_name" in call.parameters else call.repository
    secrets: dict[str, Json] = owner["secrets"]
    return secrets


def _secret(call: Call) -> Json:
    return found(_secrets(call), call.parameters["secret_name"])


def _secret_json(secret: Json) -> Json:
    return {name: secret[name] for name in ("name", "created_at", "updated_at")}


def _private_key(call: Call) -> PrivateKey:
    return PrivateKey(b64decode(call.repository["sealing_key"]["private"]))
