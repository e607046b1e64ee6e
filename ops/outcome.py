"""What a command came to, for people or for a machine."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console

_console = Console(highlight=False, soft_wrap=True)


def tell_outcome(outcome: Mapping[str, Any], sentence: str, *, as_json: bool) -> None:
    """Print the outcome as JSON, or else the sentence that says the same."""
    if as_json:
        sys.stdout.write(json.dumps(outcome) + "\n")
    else:
        _console.print(sentence, markup=False)
