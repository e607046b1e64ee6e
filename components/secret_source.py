"""Where the value of a GitHub secret comes from."""

from collections.abc import Mapping

import pulumi

from settings import SecretSource, configured_name
from settings.engine import secret_value


def take_secret(name: str, source: SecretSource, values: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    """Give a secret's value, encrypted: from the configuration, or from what the stack itself knows.

    Args:
        name: the secret's name on GitHub.
        source: as the stack file says.
        values: what the sources other than the configuration give.
    """
    configured = configured_name(name, source)
    return secret_value(configured) if configured else pulumi.Output.secret(values[source])
