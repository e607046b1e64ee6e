"""The plugin process: translates the engine's calls into calls of the Supabase Management API."""

import sys

# httpx imports its own command line (rich, pygments) where it can: a fifth of this process's start, twice per command.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # None is Python's documented way to keep one out
