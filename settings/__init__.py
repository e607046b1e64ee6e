"""The stack's configuration: read once, checked as a whole, frozen. `settings.engine` reads it for the program.

Import from its modules: what a step of a release imports, it waits for.
"""
