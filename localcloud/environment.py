"""The environment in which tools use the local cloud in place of the real ones."""

import os
from collections.abc import Mapping

import yaml

from localcloud import tools
from localcloud.place import HOST, PASSPHRASE, PROJECT_HOST, Place

_CREDENTIALS = (
    "GITHUB_TOKEN",
    "REPOSITORY_READ_TOKEN",
    "REPOSITORY_WRITE_TOKEN",
    "SUPABASE_ACCESS_TOKEN",
    "SUPABASE_READ_TOKEN",
    "SUPABASE_PREVIEW_TOKEN",
    "SUPABASE_DB_PASSWORD",
    "ANTHROPIC_API_KEY",
)


def environment(place: Place) -> dict[str, str]:
    """Give the variables to set; the local cloud must have been started once."""
    url = place.url()
    credentials = place.credentials()
    for backend in (place.pulumi, place.previews):
        backend.mkdir(parents=True, exist_ok=True)
    profile = {
        "name": "localcloud",
        "api_url": url,
        "dashboard_url": url,
        "project_host": PROJECT_HOST,
        "pooler_host": HOST,
    }
    place.profile.write_text(yaml.safe_dump(profile), encoding="utf-8")
    return {
        "GITHUB_BASE_URL": f"{url}/",
        "GITHUB_TOKEN": credentials.github_token,
        "REPOSITORY_READ_TOKEN": credentials.repository_read_token,
        "REPOSITORY_WRITE_TOKEN": credentials.repository_write_token,
        "SUPABASE_API_ENDPOINT": url,
        "SUPABASE_PROFILE": str(place.profile),
        "SUPABASE_PROJECT_URL": f"{url}/projects/{{ref}}",
        "SUPABASE_ACCESS_TOKEN": credentials.supabase_access_token,
        "SUPABASE_READ_TOKEN": credentials.supabase_read_token,
        "SUPABASE_DB_PASSWORD": credentials.supabase_db_password,
        "SUPABASE_TELEMETRY_DISABLED": "1",
        "ANTHROPIC_API_KEY": credentials.anthropic_api_key,
        "PULUMI_BACKEND_URL": f"file://{place.pulumi}",
        "STATE_BACKEND_URL": f"file://{place.pulumi}",
        "PREVIEW_BACKEND_URL": f"file://{place.previews}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PGSSLMODE": "disable",
        **place.stack_tokens(),
        "LOCALCLOUD_DIR": str(place.directory),
        "PATH": os.pathsep.join([*tools.directories(), os.environ.get("PATH", "")]),
    }


def replaced_credentials(local: Mapping[str, str]) -> list[str]:
    """Name the caller's own credentials that the local cloud's take the place of."""
    credentials = [name for name in local if name.startswith(_CREDENTIALS)]
    return [name for name in credentials if os.environ.get(name, local[name]) != local[name]]
