"""Where the value of a GitHub secret comes from."""

from collections.abc import Mapping

import pulumi

from settings.engine import secret_value
from settings.model import SecretSource, configured_name
from settings.withheld import WITHHELD, repository_secrets_are_kept


def take_secret(
    name: str, source: SecretSource, values: Mapping[str, pulumi.Output[str]], *, known: bool
) -> tuple[pulumi.Output[str], list[str]]:
    """Give a secret's value, encrypted, and which inputs of its resource stay as the state has them.

    Args:
        name: the secret's name on GitHub.
        source: as the stack file says.
        values: what the sources other than the configuration give.
        known: whether the state has the secret.

    Raises:
        pulumi.RunError: the secret is new, and this run leaves GitHub's secrets alone.
    """
    if repository_secrets_are_kept():
        if not known and not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(
                f"The secret {name} is not on GitHub yet, and this run has no value for it and no right to set it."
                " Nothing was changed. Remedy: run the workflow govern.yml for this stack."
            )
        return pulumi.Output.secret(WITHHELD), ["value"]
    configured = configured_name(name, source)
    return (secret_value(configured) if configured else pulumi.Output.secret(values[source])), []
