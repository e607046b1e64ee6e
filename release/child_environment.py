"""The environment of programs that a release runs and that need no credential: tests, checks, throw-away databases."""

import os
import re

# Names, not patterns of what to leave out: a job has credentials under names that nobody here has heard of.
_HANDED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TERM|TMPDIR|TMP|TEMP|CI|COLUMNS|VIRTUAL_ENV|PYTHON\w+"
    r"|XDG_\w+|DENO_\w+|NPM_CONFIG_\w+|SSL_CERT_\w+|LD_LIBRARY_PATH|NODE_EXTRA_CA_CERTS|LOCALCLOUD_\w+|TEST_\w+"
    r"|(?:HTTP|HTTPS|ALL|NO)_PROXY",
    re.IGNORECASE,
)


def child_environment() -> dict[str, str]:
    """Give what of this process's environment a program finds itself and its packages by, and what is named TEST_…."""
    return {name: value for name, value in os.environ.items() if _HANDED_ON.fullmatch(name)}
