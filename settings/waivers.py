"""What somebody decided to let pass, and why."""

import datetime as dt

from pydantic import Field

from settings.model import Model


class DeletionWaiver(Model):
    """Lets a run delete or replace what an adopted environment protects; `until` is its last day."""

    reason: str = Field(min_length=10)
    until: dt.date


class Waivers(Model):
    """Refusals that this stack does without, each with its reason.

    `token_reaches_production`: this stack's Supabase token may also reach a project that another stack adopted.
    """

    token_reaches_production: str | None = Field(default=None, min_length=10)
    deletion: DeletionWaiver | None = None
