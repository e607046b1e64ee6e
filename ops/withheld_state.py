"""A stack's state without any value of a secret, for previews by those who may know none."""

import json
from collections.abc import Mapping
from typing import Any

from release.error import ReleaseError
from settings.reading import PUBLIC_ENCRYPTION_SALT
from settings.withheld import WITHHELD

# The engine's marks of an encrypted value (pulumi/sdk, resource.SigKey and resource.SecretSig).
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark, no secret


def withhold(state: Mapping[str, Any]) -> dict[str, Any]:
    """Give a state in which each secret text is `withheld`, to be encrypted under the public passphrase.

    Args:
        state: as `pulumi stack export --show-secrets` gives it.

    Raises:
        ReleaseError: it is something else, such as an export without values; nothing of it is told.
    """
    try:
        hidden: dict[str, Any] = _walk(state)
        deployment = hidden["deployment"]
        deployment["secrets_providers"] = {"type": "passphrase", "state": {"salt": PUBLIC_ENCRYPTION_SALT}}
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise ReleaseError(
            "The engine exported a state whose secrets can't be told from the rest. Nothing was copied; previews go by"
            " the copy before it. Remedy: use the engine's version that this project names (python3 -m toolchain"
            " status), then run this again."
        ) from None
    return hidden


def _walk(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return {_SIGNATURE: _SECRET, "plaintext": json.dumps(_hide(json.loads(value["plaintext"])))}
        return {key: _walk(part) for key, part in value.items()}
    return [_walk(part) for part in value] if isinstance(value, list) else value


def _hide(value: Any) -> Any:
    """Keep the form, so that a difference of names is still seen."""
    if isinstance(value, dict):
        return {key: _hide(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_hide(part) for part in value]
    return WITHHELD if isinstance(value, str) else None
