"""The release itself: what the backend's sources are, what is live, what has to run, and the commands that run it."""

import sys

# httpx imports its own command line (rich, pygments) where it can, and its transport imports trio, which is here for a
# test's browser alone: a quarter of each step's start.
for unused in ("httpx._main", "trio"):
    sys.modules.setdefault(unused, None)  # type: ignore[arg-type] # None is Python's documented way to keep one out
