"""What somebody decided to let pass, and why."""

import datetime as dt
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from settings.model import Model


def _day(value: Any) -> Any:
    # The engine hands on a date of a YAML file as a text such as "2026-12-31 00:00:00 +0000 UTC".
    return value.partition(" ")[0] if isinstance(value, str) else value


Day = Annotated[dt.date, BeforeValidator(_day)]


class DeletionWaiver(Model):
    """Lets a run delete or replace what an adopted environment protects; `until` is its last day."""

    reason: str = Field(min_length=10)
    until: Day


class Waivers(Model):
    """Refusals that this stack does without, each with its reason.

    `token_reaches_production`: this stack's Supabase token may also reach a project that another stack adopted.
    `unreviewed`: what is released need not be the backend of an approved pull request.
    """

    token_reaches_production: str | None = Field(default=None, min_length=10)
    unreviewed: str | None = Field(default=None, min_length=10)
    deletion: DeletionWaiver | None = None
