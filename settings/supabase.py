"""The environment's Supabase project."""

import difflib
import ipaddress
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from settings.model import Model

# The regions that the Management API accepts for `region` (its OpenAPI document, operation v1-create-a-project).
REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-east-1",
    "ap-southeast-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-southeast-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "eu-central-1",
    "eu-central-2",
    "ca-central-1",
    "ap-south-1",
    "sa-east-1",
)


def _known_region(region: str) -> str:
    if region not in REGIONS:
        near = difflib.get_close_matches(region, REGIONS, n=1)
        raise ValueError(f"no region of Supabase{f'; did you mean {near[0]}?' if near else ''}")
    return region


Region = Annotated[str, AfterValidator(_known_region)]


class ProjectSettings(Model):
    """The Supabase project of this environment: created where `ref` is absent, adopted by `ref` otherwise."""

    name: str = Field(min_length=1, max_length=256)
    region: Region
    ref: str | None = Field(default=None, pattern=r"^[a-z]{20}$")


def _network(text: str) -> str:
    if "/" not in text:
        raise ValueError("no network such as 203.0.113.0/24 or 2001:db8::/32")
    return str(ipaddress.ip_network(text))


class DatabaseSettings(Model):
    """Who may reach the project's database; what is left out is left alone."""

    allowed_networks: tuple[Annotated[str, AfterValidator(_network)], ...] | None = Field(default=None, min_length=1)
    ssl_enforced: bool | None = None


class SupabaseSettings(Model):
    """Where the project lives, by the organisation's slug, the project itself, and its Auth service's settings.

    `auth` holds settings by their names in the Management API (PATCH /v1/projects/{ref}/config/auth), such as
    `site_url`; those that it does not name are left alone. `custom_hostname` is a domain of one's own for the project.
    """

    organization: str = Field(min_length=1)
    project: ProjectSettings
    auth: Mapping[str, bool | int | str] = {}
    database: DatabaseSettings = DatabaseSettings()
    custom_hostname: str | None = Field(default=None, pattern=r"^([a-z0-9-]+\.)+[a-z]{2,63}$")
