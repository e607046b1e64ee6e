"""The settings of a project's services: what they are by default, and what was changed."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from localcloud.management.state import Project

_POSTGREST = {
    "db_schema": "public,graphql_public",
    "max_rows": 1000,
    "db_extra_search_path": "public, extensions",
    "db_pool": None,
}
_AUTH = {
    "site_url": "http://localhost:3000",
    "uri_allow_list": "",
    "disable_signup": False,
    "jwt_exp": 3600,
    "mailer_autoconfirm": False,
    "mailer_otp_exp": 3600,
    "external_email_enabled": True,
    "external_anonymous_users_enabled": False,
    "password_min_length": 6,
    # Null is allowed for these, and yet none of their words; the platform's recorded answers have:
    "db_max_pool_size_unit": "connections",
    "password_required_characters": "",
    "security_captcha_provider": "hcaptcha",
    "sms_provider": "twilio",
}


@cache
def contract() -> dict[str, Any]:
    """Give what the local cloud knows of the published API: its operations, its auth settings' neutral values."""
    document: dict[str, Any] = json.loads(Path(__file__).with_name("contract.json").read_text(encoding="utf-8"))
    return document


def auth_settings(project: Project) -> dict[str, Any]:
    """Give all auth settings; those that the local cloud does not keep have the neutral value of their type."""
    return {**contract()["auth_settings"], **_AUTH, **project.auth}


def postgrest_settings(project: Project) -> dict[str, Any]:
    """Give the settings of the Data API, which has no server here."""
    return {**_POSTGREST, **project.postgrest}


def network_settings(project: Project) -> dict[str, Any]:
    """Give from where the database may be reached; it is kept here, and the pooler takes everybody of this machine."""
    everybody = {"dbAllowedCidrs": ["0.0.0.0/0"], "dbAllowedCidrsV6": ["::/0"]}
    return {"entitlement": "allowed", "config": {**everybody, **project.network}, "status": "applied"}


def ssl_settings(project: Project) -> dict[str, Any]:
    """Give whether the database takes encrypted sessions only; it is kept here, and the pooler encrypts none."""
    return {"currentConfig": {"database": project.ssl_enforced}, "appliedSuccessfully": True}


def pooler_settings(project: Project, *, host: str, port: int) -> dict[str, Any]:
    """Give the pooler's address for a project; it runs in session mode."""
    user = f"postgres.{project.ref}"
    address = f"postgresql://{user}:[YOUR-PASSWORD]@{host}:{port}/postgres"
    return {
        "identifier": project.ref,
        "database_type": "PRIMARY",
        "is_using_scram_auth": True,
        "db_user": user,
        "db_host": host,
        "db_port": port,
        "db_name": "postgres",
        "connection_string": address,
        "connectionString": address,
        "default_pool_size": None,
        "max_client_conn": None,
        "pool_mode": "session",
    }
