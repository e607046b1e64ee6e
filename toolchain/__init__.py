"""The pinned engine, plugins and command line tools, and how each is obtained on this machine.

Runs with the system's Python and nothing but its standard library, since it makes the virtual environment in which
everything else runs.
"""
