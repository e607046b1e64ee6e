"""Previews without a value: whoever makes one needs neither the stack's passphrase nor any of its secrets."""

import os

WITHHELD = "withheld"
"""Stands for every secret value, in such a preview and in the copy of the state that it compares with."""
PUBLIC_PASSPHRASE = "local"  # noqa: S105 - published: what is encrypted under it is no secret
_VARIABLE = "DEPLOYMENT_VALUES"
_REPOSITORY_SECRETS = "DEPLOYMENT_REPOSITORY_SECRETS"
_KEPT = "kept"


def values_are_withheld() -> bool:
    """Tell whether this run has no values."""
    return os.environ.get(_VARIABLE) == WITHHELD


def repository_secrets_are_kept() -> bool:
    """Tell whether this run leaves GitHub's secrets with the values that they have, and so needs none of them.

    A release's job sets `DEPLOYMENT_REPOSITORY_SECRETS=kept`: it may not administrate the repository.
    """
    return values_are_withheld() or os.environ.get(_REPOSITORY_SECRETS) == _KEPT


def withholding() -> dict[str, str]:
    """Give the environment in which the engine previews without values."""
    return {_VARIABLE: WITHHELD, "PULUMI_CONFIG_PASSPHRASE": PUBLIC_PASSPHRASE}
