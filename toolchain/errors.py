"""What goes wrong while a part is obtained."""


class ToolchainError(Exception):
    """A part can't be had: the message says why, what does not work now, and what to do about it."""
