from dataclasses import dataclass, field

from provider.plugin.resource import Line, Operation


@dataclass
class Recorder:
    """Keeps what an operation would have shown."""

    lines: list[tuple[Line, str]] = field(default_factory=list)

    def operation(self, *, preview: bool = False, timeout: float = 0) -> Operation:
        return Operation(preview=preview, timeout=timeout, log=lambda text, line: self.lines.append((line, text)))

    def shown(self, line: Line) -> list[str]:
        return [text for kind, text in self.lines if kind is line]
