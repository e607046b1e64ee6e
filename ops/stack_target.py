"""The project of a stack, found without the engine."""

import os
from pathlib import Path

from release.credentials import read_credential
from release.management_api import find_project
from release.target import DEFAULT_API_ENDPOINT, Target, read_target
from settings.reading import read_files
from settings.stack import Settings


def read_stack(stack: str) -> tuple[Settings, Target]:
    """Read a stack's settings, and which project they are about: by its ref, else by organisation and name.

    Raises:
        SettingsError: the stack file can't be used.
        ReleaseError: there is no such project, or the token may not see it.
    """
    settings = read_files(Path.cwd(), stack)
    supabase = settings.supabase
    ref = supabase.project.ref or find_project(
        os.environ.get("SUPABASE_API_ENDPOINT", DEFAULT_API_ENDPOINT).rstrip("/"),
        read_credential("SUPABASE_ACCESS_TOKEN", stack),
        organization=supabase.organization,
        name=supabase.project.name,
    )
    return settings, target_of(settings, ref)


def target_of(settings: Settings, ref: str) -> Target:
    """Give the project of a ref as the target of a stack's operations."""
    identity = {
        "RELEASE_STACK": settings.stack,
        "RELEASE_REF": ref,
        "RELEASE_NAME": settings.supabase.project.name,
        "RELEASE_ORGANIZATION": settings.supabase.organization,
    }
    return read_target(os.environ | identity)
