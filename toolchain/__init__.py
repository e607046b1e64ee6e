"""The pinned engine, plugins and command line tools, and how each is obtained on this machine.

Runs with the system's Python and nothing but its standard library, since it makes the virtual environment in which
everything else runs.
"""

import sys

_OLDEST_PYTHON = (3, 11)

# Here, since an older Python fails already at the annotations of the other files.
if sys.version_info < _OLDEST_PYTHON:
    _wanted = ".".join(map(str, _OLDEST_PYTHON))
    sys.exit(
        f"toolchain: ERROR: This is Python {sys.version.split()[0]}, and the pinned packages need {_wanted} or newer. "
        f"Nothing was set up. Run the same with a newer one, for instance `python{_wanted} -m toolchain ensure`."
    )
