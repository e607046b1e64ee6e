"""Something that could not be read."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a part of the live estate is unknown; whatever depends on it is unreadable, never clean.

    Attributes:
        reason: what was answered, in one sentence.
        permission: what the token needs, in the platform's words; None where rights were not the cause.
        remedy: what makes it known, where that is neither a permission nor another try.
    """

    reason: str
    permission: str | None = None
    remedy: str | None = None
