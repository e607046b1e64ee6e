"""Puts functions back to sources that a release archived."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from release import archive
from release.backend_source import read_config
from release.error import ReleaseError
from release.function_deploy import deploy_function, digest_live
from release.function_source import FunctionSource, read_function
from release.session import Session

_AT_ONCE = 4


def find_changed(session: Session, functions: Mapping[str, str]) -> list[str]:
    """Name those functions that are not live as just these sources.

    Args:
        session: the open release.
        functions: slug to the digest of the sources that should be live.
    """
    manifest = session.manifest()
    live = {function["slug"]: digest_live(function) for function in session.api.functions()}
    changed = []
    for slug, digest in functions.items():
        row = manifest.get(f"function:{slug}")
        if row is None or row.source != digest or row.live != live.get(slug):
            changed.append(slug)
    return changed


def restore_functions(session: Session, functions: Mapping[str, str], *, cause: str) -> dict[str, str | None]:
    """Deploy functions from the archive, each verified live; one that fails does not keep the others from it.

    Args:
        session: the open release.
        functions: slug to the digest of the archived sources.
        cause: what this is done for; it makes the tokens, so that the next `up` compares anew.

    Returns:
        Slug to what went wrong, None where it is live.
    """

    def restore(slug: str) -> str | None:
        try:
            _restore(session, slug, functions[slug], cause)
        except ReleaseError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(functions, pool.map(restore, functions), strict=True))


def describe_live(session: Session, known: Mapping[str, Mapping[str, str]]) -> Iterable[str]:
    """Say of each live function whose sources it runs, and how far the ledger goes.

    Args:
        session: the open release.
        known: a name such as `release 12` to its functions, slug to digest; the first that fits is named.
    """
    manifest = session.manifest()
    for function in sorted(session.api.functions(), key=lambda item: str(item["slug"])):
        row = manifest.get(f"function:{function['slug']}")
        ours = row is not None and row.live == digest_live(function)
        names = (name for name, digests in known.items() if row and digests.get(function["slug"]) == row.source)
        of = next(names, "sources of no record") if ours else "something that no release put there"
        yield f"{function['slug']}: version {function['version']}, {of}"


def _restore(session: Session, slug: str, digest: str, cause: str) -> None:
    with archive.unpacked(archive.fetch(session.connection, digest)) as folder:
        function = _read(folder, slug)
        if function.digest != digest:
            raise ReleaseError(
                f"The archived sources of function {slug} are not those that were released ({function.digest[:12]} in"
                f" place of {digest[:12]}), so they were not deployed. Remedy: check out the commit that"
                " `python -m ops history` names, and `pulumi up`."
            )
        token = hashlib.sha256(json.dumps([cause, slug, digest]).encode()).hexdigest()[:16]
        deploy_function(session, folder, function, token=token)


def _read(folder: Path, slug: str) -> FunctionSource:
    return read_function(folder, slug, read_config(folder)["functions"][slug])
