"""Values that the environment provides for a stack."""

import re
from collections.abc import Mapping


def provided_value(name: str, stack: str, environment: Mapping[str, str]) -> str | None:
    """Give a value from the environment, or None: the stack's own variable first, then the one of all stacks.

    Args:
        name: the variable of all stacks, such as SUPABASE_ACCESS_TOKEN; that of stack staging alone is
            SUPABASE_ACCESS_TOKEN_STAGING.
        stack: the stack's name.
        environment: where the variables are.
    """
    own = f"{name}_{re.sub('[^A-Za-z0-9]', '_', stack).upper()}"
    return environment.get(own) or environment.get(name) or None
