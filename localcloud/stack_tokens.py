"""The access tokens that the local cloud hands out for each stack: scoped, and of no more organisations than needed."""

import re
from collections.abc import Mapping

from localcloud.management.access import AccessToken

# What a release needs; the README asks a real token for the same.
RELEASE_PERMISSIONS = frozenset(
    {
        "advisors_read",
        "analytics_logs_read",
        "api_gateway_keys_read",
        "api_gateway_keys_secret_read",
        "auth_config_read",
        "auth_config_write",
        "database_config_write",
        "database_network_restrictions_read",
        "database_network_restrictions_write",
        "database_pooling_config_read",
        "database_read",
        "database_ssl_config_read",
        "database_ssl_config_write",
        "edge_functions_read",
        "edge_functions_secrets_read",
        "edge_functions_secrets_write",
        "edge_functions_write",
        "organization_admin_read",
        "organization_projects_create",
        "organization_projects_read",
        "project_admin_read",
        "project_admin_write",
        "projects_read",
    }
)

# By these somebody gets at what users have stored.
_USER_DATA = frozenset({"analytics_logs_read", "api_gateway_keys_secret_read", "database_read"})


def variable_of(name: str, stack: str) -> str:
    """Give the variable that holds a stack's own value of `name`, such as SUPABASE_ACCESS_TOKEN_STAGING."""
    return f"{name}_{re.sub('[^A-Za-z0-9]', '_', stack).upper()}"


def stack_tokens(organizations: Mapping[str, frozenset[str]]) -> dict[str, AccessToken]:
    """Give the tokens by variable.

    Args:
        organizations: by stack, the slugs of those that its token has to reach.
    """
    reading = frozenset(name for name in RELEASE_PERMISSIONS if name.endswith("_read"))
    tokens = {
        "SUPABASE_ACCESS_TOKEN": RELEASE_PERMISSIONS,
        "SUPABASE_READ_TOKEN": reading,
        "SUPABASE_PREVIEW_TOKEN": reading - _USER_DATA,
    }
    return {
        variable_of(name, stack): AccessToken(permissions=permissions, organizations=slugs)
        for stack, slugs in organizations.items()
        for name, permissions in tokens.items()
    }
