"""Which project a release command may write to."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from release.error import ReleaseError

DEFAULT_API_ENDPOINT = "https://api.supabase.com"
DEFAULT_PROJECT_URL = "https://{ref}.supabase.co"


@dataclass(frozen=True, kw_only=True)
class Target:
    """The project that the stack declares, and where its API is.

    Attributes:
        stack, ref, name, organization: as the stack declares them.
        api_endpoint: base address of the Management API.
        url: base address of the project itself.
    """

    stack: str
    ref: str
    name: str
    organization: str
    api_endpoint: str
    url: str

    @property
    def api_host(self) -> str:
        """Give the Management API's host without its port: what tells one cloud from another."""
        return urlsplit(self.api_endpoint).hostname or ""


def read_target(environment: Mapping[str, str]) -> Target:
    """Read the target from the variables that the stack's Command resources set.

    Raises:
        ReleaseError: a variable is missing; nothing can be released without knowing where to.
    """
    names = ("RELEASE_STACK", "RELEASE_REF", "RELEASE_NAME", "RELEASE_ORGANIZATION")
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise ReleaseError(
            f"{', '.join(missing)} not set, so there is no telling which project to write to."
            " Remedy: run `pulumi up`; by hand, export them for the stack in question."
        )
    stack, ref, name, organization = (environment[variable] for variable in names)
    return Target(
        stack=stack,
        ref=ref,
        name=name,
        organization=organization,
        api_endpoint=environment.get("SUPABASE_API_ENDPOINT", DEFAULT_API_ENDPOINT).rstrip("/"),
        url=environment.get("SUPABASE_PROJECT_URL", DEFAULT_PROJECT_URL).replace("{ref}", ref),
    )
