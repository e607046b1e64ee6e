"""What every kind of resource of this provider can do; the servicer knows nothing else of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol

from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.values import Properties


class Line(Enum):
    """How a message is shown: a lasting line, a lasting warning, or in place of the resource's status."""

    INFO = 1
    WARNING = 2
    PROGRESS = 3


@dataclass(frozen=True)
class Operation:
    """One call of the engine for one resource.

    Attributes:
        preview: nothing may be changed remotely, and unknown values may occur.
        timeout: seconds that the program's `custom_timeouts` allows; 0 leaves it to the resource.
        log: shows a message to the user.
    """

    preview: bool
    timeout: float
    log: Callable[[str, Line], None]

    def say(self, message: str) -> None:
        """Show a lasting line."""
        self.log(message, Line.INFO)

    def warn(self, message: str) -> None:
        """Show a lasting warning."""
        self.log(message, Line.WARNING)

    def progress(self, message: str) -> None:
        """Replace the resource's status line."""
        self.log(message, Line.PROGRESS)


@dataclass(frozen=True)
class Found:
    """What a read found."""

    inputs: Properties
    state: Properties


class Resource(Protocol):
    """One kind of resource.

    Attributes:
        secret: the properties whose texts are secrets, in inputs and state alike.
    """

    secret: ClassVar[frozenset[str]]

    def check(self, before: Properties, inputs: Properties) -> tuple[Properties, list[str]]:
        """Give the inputs with defaults filled in, and what is wrong with them (never quoting a secret)."""
        ...

    def diff(self, before: Properties, state: Properties, inputs: Properties) -> Mapping[str, PropertyDiffKind]:
        """Name what `up` has to change; empty where nothing.

        Args:
            before: the inputs of the last deployment, empty where the resource was adopted.
            state: the last known outputs.
            inputs: the inputs now wanted.
        """
        ...

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Create it and give id and state; ("", state) in a preview."""
        ...

    def read(self, operation: Operation, identifier: str, before: Properties, state: Properties) -> Found | None:
        """Read the live state, or None where it is gone; `before` and `state` are empty for an import."""
        ...

    def update(
        self, operation: Operation, identifier: str, before: Properties, state: Properties, inputs: Properties
    ) -> Properties:
        """Change it in place and give the new state."""
        ...

    def delete(self, operation: Operation, identifier: str, state: Properties) -> None:
        """Delete it; that it is gone already is a success."""
        ...
