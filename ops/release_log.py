"""What a project's records say, read with the access token alone."""

from release.error import ReleaseError
from release.live_state import HASHES_QUERY, MARKER_QUERY, KnownHashes, read_hashes
from release.management_api import ManagementApi
from release.record import Record, read_records
from release.session import check_marker, check_project
from release.target import Target


def read_log(api: ManagementApi, target: Target) -> tuple[tuple[Record, ...], KnownHashes]:
    """Give a project's records, oldest first, and what they say of release hashes.

    Raises:
        ReleaseError: it is another project, nothing was released to it yet, or it can't be read.
    """
    check_project(target, api.project())
    if not api.presence()["release"]:
        raise ReleaseError(
            f"Nothing was released to stack {target.stack} yet, so there are no records. Remedy: pulumi up --stack"
            f" {target.stack}"
        )
    check_marker(target, next(iter(api.query(MARKER_QUERY)), None))
    return read_records(api.query), read_hashes(api.query(HASHES_QUERY))
