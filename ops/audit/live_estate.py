"""What GitHub or Supabase hold, in the form that the declared estate has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from estate.entity import Kind, Value
from ops.audit.refusal import Refusal


@dataclass(frozen=True, kw_only=True)
class LiveEntity:
    """One thing that exists.

    Attributes:
        fields: what it says, by the names that the platform's API has; a `Refusal` where that one field was withheld.
        since: when it last changed, UTC, ISO 8601; None where the API does not tell.
        by: who changed it, where the API tells.
        remedy: the command that removes it.
    """

    fields: Mapping[str, Value | Refusal]
    since: str | None = None
    by: str | None = None
    remedy: str | None = None


@dataclass(frozen=True, kw_only=True)
class LiveEstate:
    """What was found, and what could not be read.

    Attributes:
        found: by kind and name.
        refused: by kind and the beginning of the names that are unknown; "" is all of a kind.
    """

    found: Mapping[tuple[Kind, str], LiveEntity] = field(default_factory=dict)
    refused: Mapping[tuple[Kind, str], Refusal] = field(default_factory=dict)

    def find(self, kind: Kind, name: str) -> LiveEntity | Refusal | None:
        """Give what is there under a name, a refusal where that is unknown, or None where there is nothing."""
        if (kind, name) in self.found:
            return self.found[kind, name]
        scopes = (reason for (other, scope), reason in self.refused.items() if other is kind and name.startswith(scope))
        return next(scopes, None)

    def of(self, kind: Kind) -> Iterator[tuple[str, LiveEntity]]:
        """Give everything of a kind that was found, by name."""
        return ((name, entity) for (other, name), entity in sorted(self.found.items()) if other is kind)
