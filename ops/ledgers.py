"""What is applied where: the ledgers of every stack's project, read through the Management API."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from rich.console import Console

from ops.stack_target import target_of
from release.credentials import read_credential
from release.error import ReleaseError
from release.live_state import LEDGER_QUERY, AppliedMigration, read_ledger
from release.management_api import ManagementApi, list_refs
from release.session import check_project
from release.target import DEFAULT_API_ENDPOINT
from settings.error import SettingsError
from settings.reading import read_files
from settings.stack import Settings

_progress = Console(stderr=True, highlight=False, soft_wrap=True)


def list_stacks(project_directory: Path) -> list[str]:
    """Name the stacks that have a file."""
    return sorted(path.name.split(".")[1] for path in project_directory.glob("Pulumi.*.yaml"))


def read_ledgers(project_directory: Path, skipped: Collection[str]) -> Mapping[str, tuple[AppliedMigration, ...]]:
    """Read the ledger of each stack, empty where the stack's project does not exist yet.

    Args:
        project_directory: the folder of the stack files.
        skipped: stacks to leave out.

    Raises:
        ReleaseError: some can't be read, each named with its reason; or one to leave out does not exist.
    """
    stacks = list_stacks(project_directory)
    if unknown := sorted(set(skipped) - set(stacks)):
        raise ReleaseError(f"There is no stack {', '.join(unknown)}. Remedy: name one of {', '.join(stacks)}.")
    ledgers: dict[str, tuple[AppliedMigration, ...]] = {}
    problems = []
    for stack in [stack for stack in stacks if stack not in skipped]:
        _progress.print(f"reading the ledger of stack {stack} …")
        try:
            ledgers[stack] = _read(read_files(project_directory, stack))
        except (ReleaseError, SettingsError) as error:
            problems.append(
                f"The ledger of stack {stack} can't be read, so what is applied there is unknown: {error}"
                f" If you know that none of the files is: --not-applied-in {stack}"
            )
    if problems:
        raise ReleaseError("\n".join([*problems, "Nothing was renamed."]))
    return ledgers


def _read(settings: Settings) -> tuple[AppliedMigration, ...]:
    token = read_credential("SUPABASE_ACCESS_TOKEN", settings.stack)
    project, organization = settings.supabase.project, settings.supabase.organization
    endpoint = os.environ.get("SUPABASE_API_ENDPOINT", DEFAULT_API_ENDPOINT).rstrip("/")
    refs = [project.ref] if project.ref else list_refs(endpoint, token, organization=organization, name=project.name)
    found: list[AppliedMigration] = []
    for ref in refs:
        target = target_of(settings, ref)
        with ManagementApi(target, token) as api:
            check_project(target, api.project())
            if api.presence()["ledger"]:
                found += read_ledger(api.query(LEDGER_QUERY))
    return tuple(found)
