"""What is remembered of a request: never its query, headers or body, nor what looks like a credential."""

import re
import time
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

_LONGEST = 200  # characters
_CREDENTIAL = re.compile(r"(?:sbp_|gh[a-z]_|github_pat_|sb_secret_|sk-ant-|eyJ)[\w.~-]{8,}")
# How the header User-Agent begins, and what people call the program.
_PROGRAMS = {
    "pulumi-resource-supabase": "engine plugin supabase",
    "go-github": "engine plugin github",
    "Go-http-client": "Go program",
    "SupabaseCLI": "Supabase CLI",
    "python-httpx": "Python program",
    "Mozilla": "browser",
}
_PRODUCT = re.compile(r"[\w.!#$%&'*+^`|~-]{1,40}")


def entry(scope: Scope) -> dict[str, Any]:
    """Give what is known when a request begins; `status` and `seconds` follow.

    Args:
        scope: the ASGI scope of an HTTP request.
    """
    return {
        "time": time.time(),
        "method": scope["method"],
        "path": _CREDENTIAL.sub("(hidden)", scope["path"])[:_LONGEST],
        "client": client(Headers(scope=scope).get("user-agent", "")),
        "status": None,
    }


def client(user_agent: str) -> str:
    """Name the program that a User-Agent header stands for: its own first word where it is none that is known."""
    known = next((name for start, name in _PROGRAMS.items() if user_agent.startswith(start)), None)
    product = _PRODUCT.match(user_agent)
    return known or (product.group() if product else "unknown")
