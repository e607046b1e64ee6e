"""The release itself: what the backend's sources are, what is live, what has to run, and the commands that run it."""

import sys

# httpx imports its own command line (rich, pygments) where it can: a sixth of each step's start.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # None is Python's documented way to keep one out
