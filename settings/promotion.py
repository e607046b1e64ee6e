"""What a release has to have behind it before this environment takes it."""

from typing import Annotated

from pydantic import Field

from settings.model import Model


class PromotionSettings(Model):
    """Where a release has to have been validated, and whether it has to be that of an approved pull request.

    `validated_by` names a stack: only a backend whose release hash it has validated is released here, or one that was
    released here before. `reviewed`: the backend of the commit has to be the one of a merged pull request into this
    stack's branch that somebody other than its author approved. `requires`: items of that stack's checklist that have
    to hold besides, those that `ops validate` finds and those that people tick.
    """

    validated_by: str | None = Field(default=None, min_length=1)
    reviewed: bool = False
    requires: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()


class HotfixSettings(Model):
    """Lets one release in without that validation: `release` is its hash, so that the next one is held to it again."""

    reason: str = Field(min_length=10)
    release: str = Field(pattern=r"^[0-9a-f]{64}$")
