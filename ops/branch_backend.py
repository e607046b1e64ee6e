"""The backend of a branch, with what an environment lacks of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.released_facts import ReleasedFacts
from release.backend_source import BackendSource, read_backend
from release.migration_source import Migration
from release.migration_waivers import Waiver, find_waivers


@dataclass(frozen=True, kw_only=True)
class BranchBackend:
    """What a branch would release.

    Attributes:
        source: the sources.
        pending: migrations that are not applied there yet.
        waivers: what these waive.
    """

    source: BackendSource
    pending: Sequence[Migration]
    waivers: Sequence[Waiver]


def read_branch_backend(clone: Path, directory: str, there: ReleasedFacts) -> BranchBackend:
    """Read the backend of the branch that is checked out.

    Raises:
        ReleaseError: it can't be read.
    """
    source = read_backend(clone / directory)
    pending = [migration for migration in source.migrations if migration.version not in there.applied]
    return BranchBackend(source=source, pending=pending, waivers=find_waivers(source, pending))
